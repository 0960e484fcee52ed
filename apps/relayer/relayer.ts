// The relayer's loop: wake, claim, deliver, settle. One turn is one short transaction that settles everything answered
// and claims as many events as there are free slots; nothing is awaited from the network while it is open. It knows no
// process, no file and no HTTP: store, delivery and clock are passed in, so that a simulation can own them.
import { crashPoint } from '../outbox/crash-point.ts';
import type { ClaimedEvent } from '../outbox/store.ts';
import { AcceptanceLog } from './acceptance-log.ts';
import { BadDays } from './bad-days.ts';
import { Claiming } from './claiming.ts';
import { Drain } from './drain.ts';
import { Due } from './due.ts';
import { type GatewayParts, GatewayWatch } from './gateway-watch.ts';
import { History } from './history.ts';
import { Latch } from './latch.ts';
import { doOwnerWork } from './owner-work.ts';
import { Pace, pause } from './pace.ts';
import { type SendingOptions, type SendingParts, type Sent, send } from './sending.ts';
import { unclaimed } from './settlement.ts';
import { Unheard } from './unheard.ts';
import { Window } from './window.ts';

export interface RelayerOptions extends SendingOptions {
  /** Most events in flight, and so most events that one kill can make to be sent twice. */
  readonly concurrency: number;
  /** How long a stop waits for answers. */
  readonly drainTimeoutMs: number;
}

export interface RelayerParts extends GatewayParts, Omit<SendingParts, 'history'> {
  /** A lease id never used before. */
  readonly nextLeaseId: () => string;
  /** Told how many events were lost to another relayer. */
  readonly onLeasesLost?: (events: number) => void;
}

export class Relayer {
  readonly #parts: RelayerParts;
  readonly #options: RelayerOptions;
  readonly #window = new Window();
  readonly #pace: Pace;
  readonly #sending: SendingParts;
  readonly #latch: Latch;
  readonly #badDays: BadDays;
  readonly #acceptances: AcceptanceLog;
  readonly #gateway: GatewayWatch;
  readonly #due = new Due();
  readonly #claiming: Claiming;
  readonly #unheard: Unheard;
  readonly #drain: Drain;

  constructor(parts: RelayerParts, options: RelayerOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#sending = { ...parts, history: new History() };
    this.#latch = new Latch(parts.clock);
    this.#pace = new Pace(parts.clock);
    this.#drain = new Drain(parts.clock, options.drainTimeoutMs);
    this.#badDays = new BadDays(parts);
    this.#acceptances = new AcceptanceLog(parts.clock, parts.log);
    this.#gateway = new GatewayWatch(parts, options.concurrency);
    this.#claiming = new Claiming({
      ...{ ...parts, leaseMs: options.leaseMs },
      ...{ gateway: this.#gateway, window: this.#window, due: this.#due },
    });
    this.#unheard = new Unheard({
      ...{ ...parts, leaseMs: options.leaseMs },
      onGivenBack: () => this.#due.hint(),
    });
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
    if (!this.#drain.isOn) this.#claiming.allow(true);
    this.#latch.set();
  }

  /** Whether claims must wait although sending is allowed: the slot is lost, or held again. */
  hold(isHeld: boolean): void {
    this.#claiming.hold(isHeld);
    this.#latch.set();
  }

  /** Claims nothing more; `run` resolves when everything in flight is settled, or released at the drain timeout. */
  stop(): void {
    this.#drain.begin();
    this.#claiming.allow(false);
    this.#latch.set();
  }

  /** Runs until stopped. Rejects when the database is damaged. */
  async run(): Promise<void> {
    while (!this.#drain.isDone(this.#window.size)) {
      const waitMs = this.#waitMs();
      if (waitMs === 0) await this.#turn();
      else await this.#latch.wait(waitMs);
    }
    this.#acceptances.flush();
    crashPoint('relayer:drained');
  }

  async #turn(): Promise<void> {
    const { store, clock, owners } = this.#parts;
    if ((this.#drain.leftMs ?? 1) <= 0) this.#releaseUnanswered();
    // Taken before the answers: what waits for an owner is settled by the time its owner's answer is carried out.
    const ownerWork = owners?.takeWork() ?? [];
    const settlements = this.#window.takeAnswers();
    const request = { settlements, claim: this.#claiming.request(settlements.length), nowMs: clock.nowMs() };
    const claimedAtMs = clock.monotonicMs();
    let unsettled = settlements;
    try {
      if (await this.#gateway.resume()) this.#due.hint();
      const result = await this.#unheard.turn(request);
      const turnMs = clock.monotonicMs() - claimedAtMs;
      unsettled = [];
      this.#window.settled(settlements);
      this.#startSending(result.claimed, claimedAtMs);
      this.#unheard.tellLost(result.lost);
      await this.#claiming.done(request, result);
      this.#due.settled(settlements);
      if (ownerWork.length > 0) {
        owners?.putBack(await doOwnerWork(store, ownerWork, clock.nowMs()));
        this.#due.hint();
      }
      this.#badDays.succeeded();
      await this.#pace.leaveAlone({ turnMs, othersWrote: result.othersWrote });
    } catch (error) {
      this.#window.putBack(unsettled);
      owners?.putBack(ownerWork);
      this.#due.hint();
      await pause(clock, this.#badDays.failed(error));
    }
  }

  #startSending(events: readonly ClaimedEvent[], claimedAtMs: number): void {
    for (const event of events) {
      this.#window.add(event);
      this.#gateway.claimed(event.seq);
      void send({ event, claimedAtMs }, this.#sending, this.#options).then((sent) =>
        this.#answered(event, sent),
      );
    }
  }

  #answered(event: ClaimedEvent, { settlement, outcome }: Sent): void {
    // What a stop has given up says nothing: its connection was closed from here.
    if (!this.#window.answer(settlement)) return;
    this.#gateway.answered(event.seq, outcome);
    if (outcome?.kind === 'accepted') this.#acceptances.accepted(event);
    if (this.#pace.isTimeToLook(this.#window)) this.#latch.set();
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
    if (this.#gateway.wantsResume || this.#parts.owners?.hasWork) return 0;
    const dueInMs = this.#due.nextInMs(clock.nowMs());
    if (this.#claiming.isWorthwhile) return 0;
    const waits = [
      dueInMs,
      this.#pace.answersWaitMs(this.#window),
      this.#gateway.nextChangeInMs(clock.monotonicMs()),
      this.#unheard.nextAskInMs,
      this.#drain.leftMs,
    ].filter((waitMs) => waitMs !== null);
    return waits.length === 0 ? null : Math.max(0, Math.min(...waits));
  }
}
