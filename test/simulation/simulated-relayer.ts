// One relayer process of a simulation: the real loop, with its store, its deliveries and its clock behind the process
// that may be killed at any step. What start-relayer.ts does around the loop is here in a few lines; locks on slots are
// a map, because a simulated process has no file locks.
import { sleep } from '../../apps/outbox/clock.ts';
import { leaseIds, slotNames } from '../../apps/outbox/lease-id.ts';
import { silentLog } from '../../apps/outbox/log.ts';
import type { ClaimedEvent, OutboxStore } from '../../apps/outbox/store.ts';
import type { Outcome } from '../../apps/relayer/outcome.ts';
import { keepOverdue } from '../../apps/relayer/overdue.ts';
import { Relayer } from '../../apps/relayer/relayer.ts';
import type { PlayedDatabase } from '../played-database.ts';
import type { Referee } from './referee.ts';
import type { Scenario } from './scenario.ts';
import { type SimulatedConvoy, unavailable } from './simulated-convoy.ts';
import { SimulatedProcess } from './simulated-process.ts';
import type { SimulatedTime } from './simulated-time.ts';
import { steppedStore } from './stepped-store.ts';

/** What all processes of a simulation share. */
export interface Machine {
  readonly scenario: Scenario;
  readonly time: SimulatedTime;
  readonly convoy: SimulatedConvoy;
  readonly referee: Referee;
  readonly database: PlayedDatabase;
  /** Who holds the lock of a slot. */
  readonly slots: Map<string, SimulatedProcess>;
  isLocked: boolean;
  /** The database is a server, to which verbs go over a network. */
  readonly isRemote: boolean;
  trace(text: string): void;
  /** A turn that changed something is in the database, and its process does not know it yet. */
  onCommit(process: SimulatedProcess): void;
  /** An event that kills whoever sends it. */
  onFatal(process: SimulatedProcess): void;
}

const drainTimeoutMs = 5_000;

export class SimulatedRelayer {
  readonly process: SimulatedProcess;
  readonly #machine: Machine;
  readonly #store: OutboxStore;
  readonly #relayer: Relayer;
  #isStopping = false;
  /** The loop has ended by itself. */
  hasEnded = false;

  constructor(machine: Machine, name: string) {
    const { time, scenario } = machine;
    const slot = slotNames().find((one) => machine.slots.get(one)?.isAlive !== true) ?? '00';
    this.process = new SimulatedProcess(time, { name, slot });
    machine.slots.set(slot, this.process);
    this.#machine = machine;
    this.#store = steppedStore(machine, this.process);
    const parts = {
      store: this.#store,
      deliver: (event: ClaimedEvent, timeoutMs: number) => this.#deliver(event, timeoutMs),
      nextLeaseId: leaseIds({ slot, token: name }),
      clock: this.process.clock,
      log: silentLog,
      random: time.random,
    };
    const { concurrency, leaseMs, requestTimeoutMs, maxAttempts } = scenario;
    const options = { concurrency, leaseMs, requestTimeoutMs, maxAttempts, drainTimeoutMs };
    this.#relayer = new Relayer(parts, { ...options, maxInterruptions: 20, gateway: 'https://convoy.test' });
  }

  async start(): Promise<void> {
    const { referee, slots } = this.#machine;
    await this.#untilItWorks(() => this.#takeOver(this.process.slot));
    this.#relayer.allowSending();
    void this.#lookAround();
    void this.#keepOverdue();
    try {
      await this.#relayer.run();
    } catch (error) {
      referee.break(`the loop of ${this.process.name} failed: ${error}`);
    }
    this.hasEnded = true;
    this.process.kill();
    slots.delete(this.process.slot);
  }

  wake(): void {
    this.process.later(this.#machine.time.some(0.1, 3), () => this.#relayer.wake());
  }

  stop(): void {
    this.process.later(0, () => {
      this.#isStopping = true;
      this.#relayer.stop();
    });
  }

  async #takeOver(slot: string): Promise<void> {
    await this.#store.takeOver({ slot, nowMs: this.process.clock.nowMs() });
  }

  /** The poll: missed hints, and the leases of relayers that died. */
  async #lookAround(): Promise<void> {
    const { clock, slot } = this.process;
    const { slots, scenario } = this.#machine;
    while (!this.#isStopping) {
      try {
        for (const name of await this.#store.slotsWithLeases()) {
          if (name === slot || slots.get(name)?.isAlive === true) continue;
          slots.set(name, this.process);
          await this.#takeOver(name).finally(() => slots.delete(name));
        }
        this.#relayer.wake();
      } catch {
        // Locked: the next poll tries again.
      }
      await sleep(clock, scenario.pollMs);
    }
  }

  #keepOverdue(): Promise<void> {
    return keepOverdue({
      store: this.#store,
      isGatewayOpen: () => this.#relayer.isGatewayOpen,
      clock: this.process.clock,
      log: silentLog,
      signal: new AbortController().signal,
    });
  }

  async #untilItWorks(work: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await work();
      } catch {
        await this.process.pause(100);
      }
    }
  }

  #deliver(event: ClaimedEvent, timeoutMs: number): Promise<Outcome> {
    const { process } = this;
    const { time, convoy, referee, trace } = this.#machine;
    // Code of a killed process that runs to its next step has no effect.
    if (!process.isAlive) return new Promise(() => {});
    const lease = referee.send(process, event, timeoutMs);
    trace(`${process.name} sends event ${event.seq} under ${event.leaseId}`);
    if (lease === null) return new Promise(() => {});
    const kind = referee.kindOf(event.seq);
    if (kind === 'killing') time.in(time.some(0, 3), () => this.#machine.onFatal(process));
    return new Promise((resolve) => {
      let isOver = false;
      const answer = (outcome: Outcome) => {
        if (isOver) return;
        isOver = true;
        cancel();
        referee.answered(lease, outcome);
        const reason = 'reason' in outcome ? `: ${outcome.reason}` : '';
        trace(`${process.name} gets ${outcome.kind} for event ${event.seq}${reason}`);
        resolve(outcome);
      };
      const cancel = process.clock.after(timeoutMs, () => answer(unavailable('no answer')));
      time.in(time.some(0.2, 5), () => {
        const { isAccepted, reply } = convoy.treat(kind);
        if (isAccepted) referee.accepted(lease);
        if (reply !== null) process.later(reply.afterMs, () => answer(reply.outcome));
      });
    });
  }
}
