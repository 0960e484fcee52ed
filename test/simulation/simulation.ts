// Plays one scenario: starts the relayers, lets the faults happen, heals everything, waits until all good events are
// processed, stops the relayers, and looks at what is left.
import { isoText } from '../../apps/outbox/clock.ts';
import type { PlayedDatabase } from '../played-database.ts';
import { seededRandom } from '../seeded-random.ts';
import { Referee } from './referee.ts';
import { type Fault, longestDrainMs, type Moment, type Scenario } from './scenario.ts';
import { SimulatedConvoy } from './simulated-convoy.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import { type Machine, SimulatedRelayer } from './simulated-relayer.ts';
import { SimulatedTime } from './simulated-time.ts';
import { judgeWhatIsLeft, type Verdict } from './verdict.ts';

export interface SimulationOptions {
  readonly isTraced?: boolean;
  /** The database is a server, to which verbs go over a network. */
  readonly isRemote?: boolean;
}

/** Plays a scenario on the database, which is emptied first. */
export async function simulate(
  scenario: Scenario,
  database: PlayedDatabase,
  options: SimulationOptions = {},
): Promise<Verdict> {
  return new Simulation(scenario, database, options).play();
}

class Simulation implements Machine {
  readonly scenario: Scenario;
  readonly database: PlayedDatabase;
  readonly time: SimulatedTime;
  readonly convoy: SimulatedConvoy;
  readonly referee: Referee;
  readonly slots = new Map<string, SimulatedProcess>();
  isLocked = false;
  readonly isRemote: boolean;
  readonly #isTraced: boolean;
  readonly #trace: string[] = [];
  readonly #relayers: SimulatedRelayer[] = [];
  readonly #afterCommit = new Map<SimulatedProcess, Extract<Fault, { readonly moment: Moment }>>();
  readonly #startMs: number;
  #processes = 0;
  #isEnding = false;

  constructor(scenario: Scenario, database: PlayedDatabase, options: SimulationOptions) {
    this.scenario = scenario;
    this.database = database;
    this.#isTraced = options.isTraced === true;
    this.isRemote = options.isRemote === true;
    this.time = new SimulatedTime(seededRandom(scenario.seed ^ 0x5eed));
    this.#startMs = this.time.monotonicMs;
    this.convoy = new SimulatedConvoy(scenario, this.time);
    this.referee = new Referee(scenario, this.time, this.convoy);
  }

  readonly trace = (text: string): void => {
    if (this.#isTraced) this.#trace.push(`${(this.time.monotonicMs - this.#startMs).toFixed(1)} ms: ${text}`);
  };

  async play(): Promise<Verdict> {
    const { scenario, time, referee } = this;
    await this.database.clear();
    for (let index = 0; index < scenario.relayers; index++) this.#start(index);
    for (const event of scenario.events) time.in(event.atMs, () => void this.#append(event.kind));
    for (const fault of scenario.faults) time.in(fault.atMs, () => this.#happen(fault));
    for (const phase of scenario.phases) {
      time.in(phase.fromMs, () => this.trace(`Convoy: ${phase.kind}, ${phase.share * 100} % of requests`));
    }
    const isBroken = () => referee.violation !== null;
    const isOver = () => isBroken() || referee.isDrained;
    const healedAtMs = this.#startMs + scenario.healAtMs;
    if (!(await time.passUntil(isOver, healedAtMs + 0.001))) this.trace('everything is healthy from now on');
    const boundMs = longestDrainMs(scenario, this);
    if (!(await time.passUntil(isOver, healedAtMs + boundMs))) {
      referee.break(`not every good event was processed within ${boundMs} ms after the healing`);
    }
    if (!isBroken()) await this.#end();
    const { violation, sent, repeats } = referee;
    return { violation, trace: this.#trace, sent, repeats, steps: time.steps };
  }

  onCommit(process: SimulatedProcess): void {
    const fault = this.#afterCommit.get(process);
    this.#afterCommit.delete(process);
    const isHealed = this.time.monotonicMs >= this.#startMs + this.scenario.healAtMs;
    if (fault !== undefined && !isHealed) this.#happen({ ...fault, moment: 'now' });
  }

  onFatal(process: SimulatedProcess): void {
    const index = this.#relayers.findIndex((relayer) => relayer.process === process);
    if (index >= 0) this.#kill(index);
  }

  #start(index: number): void {
    if (this.#isEnding) return;
    this.#processes += 1;
    const relayer = new SimulatedRelayer(this, `relayer-${this.#processes}`);
    this.#relayers[index] = relayer;
    this.trace(`${relayer.process.name} starts on slot ${relayer.process.slot}`);
    void relayer.start().then(() => {
      if (this.#relayers[index] === relayer) this.time.in(100, () => this.#start(index));
    });
  }

  #kill(index: number): void {
    const relayer = this.#relayers[index];
    if (relayer === undefined || !relayer.process.isAlive) return;
    this.trace(`${relayer.process.name} is killed`);
    this.referee.disturbed(relayer.process, 'kill');
    relayer.process.kill();
    this.time.in(this.time.some(50, 3_000), () => this.#start(index));
  }

  async #append(kind: Scenario['events'][number]['kind']): Promise<void> {
    const { time, referee, scenario } = this;
    const columns = { id: `event-${time.steps}-${time.random()}`, created_at: isoText(time.wallMs) };
    const seq = await time.during(this.database.append(columns));
    referee.committed(seq, kind);
    this.trace(`event ${seq} (${kind}) is committed`);
    for (const relayer of this.#relayers) if (time.random() < scenario.hintShare) relayer.wake();
  }

  #happen(fault: Fault): void {
    const { time, referee } = this;
    if (this.#isEnding) return;
    if ('moment' in fault && fault.moment === 'after a commit') {
      const process = this.#relayers[fault.relayer]?.process;
      if (process !== undefined) this.#afterCommit.set(process, fault);
      return;
    }
    switch (fault.kind) {
      case 'kill':
        return this.#kill(fault.relayer);
      case 'restart':
        this.trace(`${this.#relayers[fault.relayer]?.process.name} is asked to stop`);
        return this.#relayers[fault.relayer]?.stop();
      case 'stop':
        return this.#suspend(fault.relayer, this.#atMostUntilHealed(fault.forMs));
      case 'step the clock':
        this.trace(`the clock steps by ${fault.byMs} ms`);
        time.step(fault.byMs);
        if (fault.byMs > 0) referee.disturbed(null, 'clock');
        return;
      case 'lock':
        this.trace(`the database is ${this.isRemote ? 'away' : 'locked'} for ${fault.forMs} ms`);
        this.isLocked = true;
        referee.disturbed(null, 'lock');
        time.in(this.#atMostUntilHealed(fault.forMs), () => {
          this.isLocked = false;
          referee.disturbed(null, 'lock');
        });
        return;
      default:
        return fault satisfies never;
    }
  }

  #suspend(index: number, forMs: number): void {
    const process = this.#relayers[index]?.process;
    if (process === undefined || !process.isRunning) return;
    this.trace(`${process.name} stands still for ${forMs.toFixed(0)} ms`);
    process.stop();
    this.referee.disturbed(process, 'stop');
    this.time.in(forMs, () => {
      if (!process.isAlive) return;
      this.trace(`${process.name} goes on`);
      this.referee.disturbed(process, 'stop');
      process.wake();
    });
  }

  #atMostUntilHealed(forMs: number): number {
    const leftMs = this.#startMs + this.scenario.healAtMs - this.time.monotonicMs;
    return Math.max(0, Math.min(forMs, leftMs));
  }

  /** Stops all relayers, and looks at the table. */
  async #end(): Promise<void> {
    const { time, referee } = this;
    this.#isEnding = true;
    // What goes on ends first: a relayer stopped under a lock may leave its leases to the next one.
    const isCalm = () => !this.isLocked && this.#relayers.every(({ process }) => !process.isStopped);
    await time.passUntil(isCalm, time.monotonicMs + 120_000);
    for (const relayer of this.#relayers) relayer.stop();
    const areStopped = () => this.#relayers.every(({ process }) => !process.isAlive);
    if (!(await time.passUntil(areStopped, time.monotonicMs + 120_000))) {
      return referee.break('a relayer did not stop within two minutes');
    }
    const ended = this.#relayers.filter(({ hasEnded }) => hasEnded).map(({ process }) => process.slot);
    judgeWhatIsLeft(referee, {
      rows: await this.database.rows(),
      events: this.scenario.events.length,
      ended,
    });
  }
}
