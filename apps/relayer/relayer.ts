// The relayer's loop: wake, claim, deliver, settle. One turn is one short transaction that settles everything answered
// and claims as many events as there are free slots; nothing is awaited from the network while it is open. It knows no
// process, no file and no HTTP: store, delivery and clock are passed in, so that a simulation can own them.
import { crashPoint } from '../outbox/crash-point.ts';
import type { ClaimedEvent, ClaimRequest } from '../outbox/store.ts';
import { AcceptanceLog } from './acceptance-log.ts';
import { BadDays } from './bad-days.ts';
import { Drain } from './drain.ts';
import { Due } from './due.ts';
import { type GatewayParts, GatewayWatch } from './gateway-watch.ts';
import { History } from './history.ts';
import { Latch } from './latch.ts';
import type { Outcome } from './outcome.ts';
import type { OwnerGuard } from './owner-guard.ts';
import { doOwnerWork } from './owner-work.ts';
import { type SendingOptions, type Sent, send } from './sending.ts';
import { unclaimed } from './settlement.ts';
import { gapAfterMs, leaveAlone } from './turn-gap.ts';
import { Window } from './window.ts';

export interface RelayerOptions extends SendingOptions {
  /** Most events in flight, and so most events that one kill can make to be sent twice. */
  readonly concurrency: number;
  /** How long a stop waits for answers. */
  readonly drainTimeoutMs: number;
}

export interface RelayerParts extends GatewayParts {
  readonly deliver: (event: ClaimedEvent, timeoutMs: number) => Promise<Outcome>;
  /** A lease id never used before. */
  readonly nextLeaseId: () => string;
  /** Holds back what Convoy would burn; without it everything is sent. */
  readonly owners?: OwnerGuard;
  /** In [0, 1). */
  readonly random: () => number;
}

export class Relayer {
  readonly #parts: RelayerParts;
  readonly #options: RelayerOptions;
  readonly #window = new Window();
  readonly #history = new History();
  readonly #latch: Latch;
  readonly #badDays: BadDays;
  readonly #acceptances: AcceptanceLog;
  readonly #gateway: GatewayWatch;
  readonly #due = new Due();
  #isSendingAllowed = false;
  readonly #drain: Drain;

  constructor(parts: RelayerParts, options: RelayerOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#latch = new Latch(parts.clock);
    this.#drain = new Drain(parts.clock, options.drainTimeoutMs);
    this.#badDays = new BadDays(parts);
    this.#acceptances = new AcceptanceLog(parts.clock, parts.log);
    this.#gateway = new GatewayWatch(parts, options.concurrency);
    if (parts.owners !== undefined) parts.owners.onWork = () => this.#latch.set();
  }

  /** Nothing is in flight. */
  get isQuiet(): boolean {
    return this.#window.size === 0;
  }

  /** Convoy takes events at full rate, as far as is known. */
  get isGatewayOpen(): boolean {
    return this.#gateway.isOpen;
  }

  /** A hint that something may be due: look. */
  wake(): void {
    this.#due.hint();
    this.#latch.set();
  }

  /** The start-up check has passed: from now on events are claimed. */
  allowSending(): void {
    this.#isSendingAllowed = true;
    this.#latch.set();
  }

  /** Claims nothing more; `run` resolves when everything in flight is settled, or released at the drain timeout. */
  stop(): void {
    this.#drain.begin();
    this.#latch.set();
  }

  /** Runs until stopped. Rejects when the database is damaged. */
  async run(): Promise<void> {
    while (!this.#drain.isDone(this.#window.size)) {
      await this.#latch.wait(this.#waitMs());
      await leaveAlone(this.#parts.clock, await this.#turn());
    }
    this.#acceptances.flush();
    crashPoint('relayer:drained');
  }

  /** Returns how long to leave the database alone afterwards. */
  async #turn(): Promise<number> {
    const { store, clock, log, owners } = this.#parts;
    if ((this.#drain.leftMs ?? 1) <= 0) this.#releaseUnanswered();
    // Taken before the answers: what waits for an owner is settled by the time its owner's answer is carried out.
    const ownerWork = owners?.takeWork() ?? [];
    const settlements = this.#window.takeAnswers();
    const claim = this.#claimRequest();
    const claimedAtMs = clock.monotonicMs();
    try {
      if (await this.#gateway.resume()) this.#due.hint();
      const { lost, claimed } = await store.turn({ settlements, claim, nowMs: clock.nowMs() });
      const lockedMs = clock.monotonicMs() - claimedAtMs;
      this.#window.settled(settlements);
      this.#startSending(claimed, claimedAtMs);
      if (lost.length > 0) log.warn('leases lost to another relayer', { events: lost.length });
      if (claim !== null) await this.#noteDue(claim, claimed.length);
      this.#due.settled(settlements);
      if (ownerWork.length > 0) {
        owners?.putBack(await doOwnerWork(store, ownerWork, clock.nowMs()));
        this.#due.hint();
      }
      this.#badDays.succeeded();
      return gapAfterMs(lockedMs);
    } catch (error) {
      this.#window.putBack(settlements.filter(({ seq }) => this.#window.has(seq)));
      owners?.putBack(ownerWork);
      this.#due.hint();
      return this.#badDays.failed(error);
    }
  }

  /** What may be claimed now, or null. */
  #claimable(): { readonly slots: number; readonly freshOnly: boolean } | null {
    if (this.#drain.isOn || !this.#isSendingAllowed) return null;
    const { slots, freshOnly } = this.#gateway.allowance(this.#parts.clock.monotonicMs());
    const free = slots - this.#window.size;
    return free > 0 && this.#due.isWorthClaiming({ freshOnly }) ? { slots: free, freshOnly } : null;
  }

  #claimRequest(): ClaimRequest | null {
    const claimable = this.#claimable();
    if (claimable === null) return null;
    this.#due.claiming(claimable);
    const nowMs = this.#parts.clock.nowMs();
    return {
      slots: claimable.slots,
      leaseId: this.#parts.nextLeaseId(),
      leaseEndsAtMs: nowMs + this.#options.leaseMs,
      dueByMs: claimable.freshOnly ? 0 : nowMs,
      exceptSeqs: this.#window.seqs(),
    };
  }

  /** A full claim has left something behind; a short one has not, and the store knows when the next delay ends. */
  async #noteDue(claim: ClaimRequest, claimed: number): Promise<void> {
    if (claimed === claim.slots) this.#due.hint();
    else if (claim.dueByMs > 0) this.#due.exhausted(await this.#parts.store.nextDueAtMs(claim.dueByMs));
  }

  #startSending(events: readonly ClaimedEvent[], claimedAtMs: number): void {
    const parts = { ...this.#parts, history: this.#history };
    for (const event of events) {
      this.#window.add(event);
      this.#gateway.claimed(event.seq);
      void send({ event, claimedAtMs }, parts, this.#options).then((sent) => this.#answered(event, sent));
    }
  }

  #answered(event: ClaimedEvent, { settlement, outcome }: Sent): void {
    this.#gateway.answered(event.seq, outcome);
    this.#window.answer(settlement);
    if (outcome?.kind === 'accepted') this.#acceptances.accepted(event);
    this.#latch.set();
  }

  #releaseUnanswered(): void {
    const events = this.#window.unanswered();
    if (events.length === 0) return;
    this.#parts.log.warn('stopping without an answer, events released', { events: events.length });
    for (const event of events) this.#window.answer(unclaimed(event));
  }

  /** How long nothing needs doing: 0 is at once, null until the latch is set. */
  #waitMs(): number | null {
    const { clock } = this.#parts;
    if (this.#window.hasAnswers || this.#gateway.wantsResume || this.#parts.owners?.hasWork) return 0;
    const dueInMs = this.#due.nextInMs(clock.nowMs());
    if (this.#claimable() !== null) return 0;
    const waits = [dueInMs, this.#gateway.nextChangeInMs(clock.monotonicMs()), this.#drain.leftMs].filter(
      (waitMs) => waitMs !== null,
    );
    return waits.length === 0 ? null : Math.max(0, Math.min(...waits));
  }
}
