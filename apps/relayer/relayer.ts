// The relayer's loop: wake, claim, deliver, settle. One turn is one short transaction that settles everything answered
// and claims as many events as there are free slots; nothing is awaited from the network while it is open. It knows no
// process, no file and no HTTP: store, delivery and clock are passed in, so that a simulation can own them.
import { type Clock, sleep } from '../outbox/clock.ts';
import type { Log } from '../outbox/log.ts';
import type { ClaimedEvent, ClaimRequest, OutboxStore, Settlement } from '../outbox/store.ts';
import { AcceptanceLog } from './acceptance-log.ts';
import { BadDays } from './bad-days.ts';
import { GatewayWatch } from './gateway-watch.ts';
import { History } from './history.ts';
import { Latch } from './latch.ts';
import type { Outcome } from './outcome.ts';
import { type SendingOptions, type Sent, send } from './sending.ts';
import { unclaimed } from './settlement.ts';
import { Window } from './window.ts';

export interface RelayerOptions extends SendingOptions {
  /** Most events in flight, and so most events that one kill can make to be sent twice. */
  readonly concurrency: number;
  /** How long a stop waits for answers. */
  readonly drainTimeoutMs: number;
}

export interface RelayerParts {
  readonly store: OutboxStore;
  readonly deliver: (event: ClaimedEvent, timeoutMs: number) => Promise<Outcome>;
  /** A lease id never used before. */
  readonly nextLeaseId: () => string;
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1). */
  readonly random: () => number;
}

/**
 * A turn is followed by this many times its length without the lock. SQLite's waiters sleep and poll, so turns back to
 * back would starve the application's writes.
 */
const gapFactor = 3;
const longestGapMs = 20;
/** Events made due at a time when the gateway reopens. */
const resumeBatch = 500;
/** A stop gives up on a database that cannot be written after this long; the next relayer takes over. */
const lastSettleMs = 2_000;

export class Relayer {
  readonly #parts: RelayerParts;
  readonly #options: RelayerOptions;
  readonly #window = new Window();
  readonly #history = new History();
  readonly #latch: Latch;
  readonly #badDays: BadDays;
  readonly #acceptances: AcceptanceLog;
  readonly #gateway: GatewayWatch;
  /** Whether something may be due that the last claim did not see; likewise for events never delayed. */
  #mayBeDue = true;
  #mayBeFresh = true;
  /** Epoch ms; null when nothing waits. */
  #nextDueAtMs: number | null = null;
  #isSendingAllowed = false;
  #stop: { readonly drainUntilMs: number } | null = null;

  constructor(parts: RelayerParts, options: RelayerOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#latch = new Latch(parts.clock);
    this.#badDays = new BadDays(parts);
    this.#acceptances = new AcceptanceLog(parts.clock, parts.log);
    this.#gateway = new GatewayWatch(parts, options.concurrency);
  }

  /** Nothing is in flight. */
  get isQuiet(): boolean {
    return this.#window.size === 0;
  }

  /** A hint that something may be due: look. */
  wake(): void {
    this.#mayBeDue = true;
    this.#mayBeFresh = true;
    this.#latch.set();
  }

  /** The start-up check has passed: from now on events are claimed. */
  allowSending(): void {
    this.#isSendingAllowed = true;
    this.#latch.set();
  }

  /** Claims nothing more; `run` resolves when everything in flight is settled, or released at the drain timeout. */
  stop(): void {
    this.#stop ??= { drainUntilMs: this.#parts.clock.monotonicMs() + this.#options.drainTimeoutMs };
    this.#latch.set();
  }

  /** Runs until stopped. Rejects when the database is damaged. */
  async run(): Promise<void> {
    while (!this.#isOver()) {
      await this.#latch.wait(this.#waitMs());
      await this.#pause(await this.#turn());
    }
    this.#acceptances.flush();
  }

  /** Settles and claims; returns how long to leave the database alone afterwards. */
  async #turn(): Promise<number> {
    const { store, clock } = this.#parts;
    if (this.#isDrainOver()) this.#releaseUnanswered();
    const settlements = this.#window.takeAnswers();
    const claim = this.#claimRequest();
    if (claim !== null) this.#expectNothingMore(claim);
    const claimedAtMs = clock.monotonicMs();
    try {
      if (this.#gateway.wantsResume) await this.#resume();
      const { lost, claimed } = await store.turn({ settlements, claim, nowMs: clock.nowMs() });
      const lockedMs = clock.monotonicMs() - claimedAtMs;
      this.#window.settled(settlements);
      this.#startSending(claimed, claimedAtMs);
      if (lost.length > 0) await this.#tellLost(lost);
      if (claim !== null) await this.#noteDue(claim, claimed.length);
      this.#badDays.succeeded();
      return Math.min(lockedMs * gapFactor, longestGapMs);
    } catch (error) {
      this.#window.putBack(settlements.filter(({ seq }) => this.#window.has(seq)));
      this.#mayBeDue = true;
      return this.#badDays.failed(error);
    }
  }

  #claimRequest(): ClaimRequest | null {
    const { clock, nextLeaseId } = this.#parts;
    if (this.#stop !== null || !this.#isSendingAllowed) return null;
    const { slots, freshOnly } = this.#gateway.allowance(clock.monotonicMs());
    const free = slots - this.#window.size;
    if (free <= 0 || !(freshOnly ? this.#mayBeFresh : this.#mayBeDue)) return null;
    const nowMs = clock.nowMs();
    return {
      slots: free,
      leaseId: nextLeaseId(),
      leaseEndsAtMs: nowMs + this.#options.leaseMs,
      dueByMs: freshOnly ? 0 : nowMs,
      exceptSeqs: this.#window.seqs(),
    };
  }

  /** Before a claim: a hint that comes while it runs must not be lost, so the flags are cleared first. */
  #expectNothingMore(claim: ClaimRequest): void {
    this.#mayBeFresh = false;
    if (claim.dueByMs > 0) this.#mayBeDue = false;
  }

  /** A full claim has left something; after a short one nothing is due until somebody says so or a delay ends. */
  async #noteDue(claim: ClaimRequest, claimed: number): Promise<void> {
    if (claimed === claim.slots) {
      this.#mayBeDue = true;
      this.#mayBeFresh = true;
    } else if (claim.dueByMs > 0) {
      this.#nextDueAtMs = await this.#parts.store.nextDueAtMs(claim.dueByMs);
    }
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

  async #resume(): Promise<void> {
    const { store, clock } = this.#parts;
    const resumed = await store.resume({ nowMs: clock.nowMs(), limit: resumeBatch });
    if (resumed < resumeBatch) this.#gateway.resumed();
    this.#mayBeDue = true;
  }

  /** Somebody else owns these events now. What we learned of them is dropped; the store's record keeps the fact. */
  async #tellLost(lost: readonly Settlement[]): Promise<void> {
    const { store, clock, log } = this.#parts;
    log.warn('leases lost to another relayer, outcomes dropped', { events: lost.length });
    await store.log({ kind: 'fenced', detail: { events: lost.length }, nowMs: clock.nowMs() });
  }

  #releaseUnanswered(): void {
    const events = this.#window.unanswered();
    if (events.length > 0)
      this.#parts.log.warn('stopping without an answer, events released', { events: events.length });
    for (const event of events) this.#window.answer(unclaimed(event));
  }

  /** How long nothing needs doing: 0 is at once, null until the latch is set. */
  #waitMs(): number | null {
    const { clock } = this.#parts;
    if (this.#window.hasAnswers || this.#gateway.wantsResume) return 0;
    if (this.#nextDueAtMs !== null && this.#nextDueAtMs <= clock.nowMs()) {
      this.#nextDueAtMs = null;
      this.#mayBeDue = true;
    }
    if (this.#claimRequest() !== null) return 0;
    const waits = [
      this.#nextDueAtMs === null ? null : this.#nextDueAtMs - clock.nowMs(),
      this.#gateway.nextChangeInMs(clock.monotonicMs()),
      this.#stop === null ? null : this.#stop.drainUntilMs - clock.monotonicMs(),
    ].filter((waitMs) => waitMs !== null);
    return waits.length === 0 ? null : Math.max(0, Math.min(...waits));
  }

  #isDrainOver(): boolean {
    return this.#stop !== null && this.#parts.clock.monotonicMs() >= this.#stop.drainUntilMs;
  }

  #isOver(): boolean {
    if (this.#stop === null) return false;
    return (
      this.#window.size === 0 || this.#parts.clock.monotonicMs() > this.#stop.drainUntilMs + lastSettleMs
    );
  }

  /** Timers are good to about a millisecond; below that, only what the network has brought is looked at. */
  #pause(pauseMs: number): Promise<void> {
    const { clock } = this.#parts;
    return pauseMs < 1 ? new Promise((resolve) => clock.soon(resolve)) : sleep(clock, pauseMs);
  }
}
