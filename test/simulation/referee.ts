// Watches a simulation and knows the promise, not the code: which leases are held and by whom, which requests are out,
// what Convoy has accepted. It notes the first rule that is broken; nothing else depends on it.
import type { ClaimedEvent, Settlement, TurnRequest, TurnResult } from '../../apps/outbox/store.ts';
import type { Outcome } from '../../apps/relayer/outcome.ts';
import { BlameReferee } from './blame-referee.ts';
import { type Lease, LeaseBook } from './lease.ts';
import type { EventKind, Scenario } from './scenario.ts';
import type { SimulatedConvoy } from './simulated-convoy.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { SimulatedTime } from './simulated-time.ts';

export class Referee {
  readonly #scenario: Scenario;
  readonly #time: SimulatedTime;
  readonly #kinds = new Map<number, EventKind>();
  readonly #processed = new Set<number>();
  readonly #blame: BlameReferee;
  readonly #disturbed: {
    readonly process: SimulatedProcess | null;
    readonly atMs: number;
    readonly by: string;
  }[] = [];
  readonly leases = new LeaseBook();
  /** The first broken rule. */
  violation: string | null = null;
  sent = 0;
  repeats = 0;

  constructor(scenario: Scenario, time: SimulatedTime, convoy: SimulatedConvoy) {
    this.#scenario = scenario;
    this.#time = time;
    this.#blame = new BlameReferee(time, convoy);
  }

  committed(seq: number, kind: EventKind): void {
    this.#kinds.set(seq, kind);
  }

  kindOf(seq: number): EventKind {
    return this.#kinds.get(seq) ?? 'good';
  }

  /** As many events as there are to come are committed, and the good ones of them processed. */
  get isDrained(): boolean {
    const { events } = this.#scenario;
    const good = events.filter(({ kind }) => kind === 'good').length;
    return this.#kinds.size === events.length && this.#processed.size === good;
  }

  break(rule: string): void {
    this.violation ??= rule;
  }

  /** A turn is in the database. */
  turned(
    process: SimulatedProcess,
    turn: { readonly request: TurnRequest; readonly result: TurnResult; readonly askedAtMs: number },
  ): void {
    const { lost, claimed } = turn.result;
    for (const settlement of turn.request.settlements) {
      const lease = this.leases.find(settlement);
      if (lease === undefined) this.break(`event ${settlement.seq} was settled under a lease nobody holds`);
      else this.#settled(lease, { settlement, isLost: lost.includes(settlement) });
    }
    const endsAtMs = turn.request.claim?.leaseEndsAtMs ?? 0;
    for (const event of claimed) this.#claimed(process, event, { askedAtMs: turn.askedAtMs, endsAtMs });
    const held = this.leases.heldBy(process).size;
    if (held > this.#scenario.concurrency) this.break(`relayer ${process.name} holds ${held} leases`);
  }

  #settled(lease: Lease, settling: { readonly settlement: Settlement; readonly isLost: boolean }): void {
    const { settlement, isLost } = settling;
    const wasOver = lease.isOver;
    lease.isOver = true;
    this.leases.letGo(lease);
    if (settlement.kind === 'released' && settlement.claim === 'unsent') lease.excuse ??= 'given up';
    if (isLost) return;
    const which = `event ${lease.seq}`;
    if (wasOver) this.break(`${which} was settled twice under one lease`);
    const newest = this.leases.ofEvent(lease.seq).at(-1);
    if (newest !== lease) {
      this.break(
        `${which} was settled by ${lease.process.name} though ${newest?.process.name} had claimed it`,
      );
    }
    const { request } = lease;
    switch (settlement.kind) {
      case 'processed':
        if (request?.isAccepted !== true) this.break(`${which} is processed and was not accepted`);
        if (this.kindOf(lease.seq) === 'good') this.#processed.add(lease.seq);
        return;
      case 'dead':
        if (this.kindOf(lease.seq) === 'good') this.break(`${which} is dead: ${settlement.error}`);
        return;
      case 'retry':
        if (this.kindOf(lease.seq) === 'good') {
          const complaint = this.#blame.counted(lease.process, lease.seq, request?.outcome ?? null);
          if (complaint !== null) this.break(complaint);
        }
        return;
      case 'released':
        return;
      default:
        return settlement satisfies never;
    }
  }

  #claimed(
    process: SimulatedProcess,
    event: ClaimedEvent,
    { askedAtMs, endsAtMs }: { readonly askedAtMs: number; readonly endsAtMs: number },
  ): void {
    const { seq, leaseId } = event;
    // The newest lease is the one in the table; of a living holder it is free only when it has run out by the clock on the wall.
    const other = this.leases.ofEvent(seq).at(-1);
    if (other !== undefined && !other.isOver && other.process.isAlive && this.#time.wallMs < other.endsAtMs) {
      this.break(`event ${seq} was claimed by ${process.name} while ${other.process.name} held it`);
    }
    const disturbed = this.#disturbed.find(
      (one) => one.atMs >= askedAtMs && (one.process === null || one.process === process),
    );
    const claimedAtMs = this.#time.monotonicMs;
    const claim = { process, seq, leaseId, claimedAtMs, endsAtMs };
    this.leases.add({
      ...{ ...claim, isOver: false, isUnheard: false },
      request: null,
      excuse: disturbed?.by ?? null,
    });
  }

  /** A takeover of a slot is about to be committed. */
  takingOver(slot: string): void {
    for (const [process, leases] of this.leases.held) {
      const isRobbed = process.slot === slot && process.isAlive && leases.size > 0;
      if (isRobbed) this.break(`relayer ${process.name} lives and was taken over`);
    }
  }

  /** A request leaves. Returns its lease. */
  send(process: SimulatedProcess, event: ClaimedEvent, timeoutMs: number): Lease | null {
    this.sent += 1;
    const which = `event ${event.seq}`;
    const lease = this.leases.find(event);
    if (lease === undefined || lease.process !== process) {
      this.break(`${which} was sent by ${process.name} without a lease`);
      return null;
    }
    if (lease.request !== null) this.break(`${which} was sent twice under one lease`);
    const ageMs = this.#time.monotonicMs - lease.claimedAtMs;
    if (ageMs + timeoutMs > this.#scenario.leaseMs) this.break(`${which} was sent under an old lease`);
    lease.request = { isAnswered: false, isAccepted: false, outcome: null };
    const open = [...this.leases.heldBy(process)].filter(
      ({ request }) => request?.isAnswered === false,
    ).length;
    if (open > this.#scenario.concurrency) this.break(`${process.name} has ${open} requests in flight`);
    let isRepeat = false;
    for (const other of this.leases.ofEvent(event.seq)) {
      if (other === lease || other.request === null) continue;
      // The older of the two leases is the one that something must have happened to.
      const { excuse } = other.claimedAtMs <= lease.claimedAtMs ? other : lease;
      const isOpen = !other.request.isAnswered && other.process.isAlive;
      if (isOpen && excuse === null) this.break(`${which} is sent twice at the same time`);
      if (!other.request.isAccepted) continue;
      isRepeat = true;
      if (excuse === null) this.break(`${which} was accepted and is sent again, without a fault`);
    }
    if (isRepeat) this.repeats += 1;
    return lease;
  }

  /** Convoy has the event. */
  accepted(lease: Lease): void {
    if (lease.request !== null) lease.request.isAccepted = true;
  }

  /** The process has the outcome. */
  answered(lease: Lease, outcome: Outcome): void {
    if (lease.request === null) return;
    lease.request.isAnswered = true;
    lease.request.outcome = outcome;
    if (outcome.kind === 'accepted') this.#blame.accepted(lease.process, lease.seq);
    else lease.excuse ??= 'no reply';
    if (outcome.kind === 'rejected') this.#blame.rejected(lease.process, lease.seq);
  }

  /** Something happened for which what one process (null: all) holds may be sent again. */
  disturbed(process: SimulatedProcess | null, by: string): void {
    this.#disturbed.push({ process, atMs: this.#time.monotonicMs, by });
    for (const [holder, leases] of this.leases.held) {
      if (process !== null && process !== holder) continue;
      for (const lease of leases) lease.excuse ??= by;
    }
  }
}
