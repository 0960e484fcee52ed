// Whether an attempt that was counted against a good event can be defended: it must not come from an outage.
import type { Outcome } from '../../apps/relayer/outcome.ts';
import type { SimulatedConvoy } from './simulated-convoy.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { SimulatedTime } from './simulated-time.ts';

/** An acceptance older than this is no evidence. */
const windowMs = 60_000;

export class BlameReferee {
  readonly #time: SimulatedTime;
  readonly #convoy: SimulatedConvoy;
  /** The two latest acceptances of different events that each process saw. */
  readonly #acceptances = new Map<SimulatedProcess, { readonly seq: number; readonly atMs: number }[]>();
  /** The latest rejection of each event, by process. */
  readonly #rejections = new Map<string, { readonly atMs: number; readonly isBelievable: boolean }>();
  /** Attempts counted in an outage, by process and outage. */
  readonly #inOutage = new Set<string>();

  constructor(time: SimulatedTime, convoy: SimulatedConvoy) {
    this.#time = time;
    this.#convoy = convoy;
  }

  accepted(process: SimulatedProcess, seq: number): void {
    const others = (this.#acceptances.get(process) ?? []).filter((one) => one.seq !== seq);
    this.#acceptances.set(process, [...others.slice(-1), { seq, atMs: this.#time.monotonicMs }]);
  }

  /** An event was rejected: from now on another one's acceptance speaks against it. */
  rejected(process: SimulatedProcess, seq: number): void {
    const key = `${process.name} ${seq}`;
    const before = this.#rejections.get(key);
    const other = this.#acceptances.get(process)?.findLast((one) => one.seq !== seq);
    const isBelievable = before !== undefined && other !== undefined && other.atMs >= before.atMs;
    this.#rejections.set(key, { atMs: this.#time.monotonicMs, isBelievable });
  }

  /** An answer was counted against an event; returns what is wrong with that, or null. */
  counted(process: SimulatedProcess, seq: number, outcome: Outcome | null): string | null {
    if (outcome?.kind === 'unavailable' && outcome.reach === 'unreached') {
      return `an attempt of event ${seq} was counted though it was never sent`;
    }
    if (outcome?.kind === 'rejected') {
      if (this.#rejections.get(`${process.name} ${seq}`)?.isBelievable === true) return null;
      return `a rejection of event ${seq} was counted though nothing else was accepted since the one before`;
    }
    const other = this.#acceptances.get(process)?.findLast((one) => one.seq !== seq);
    if (other === undefined || this.#time.monotonicMs - other.atMs > windowMs + 1_000) {
      return `an attempt of event ${seq} was counted though nothing else was accepted`;
    }
    const { phase } = this.#convoy;
    if (
      phase.share < 1 ||
      phase.kind === 'healthy' ||
      phase.kind === 'slow' ||
      phase.kind === 'losing replies'
    ) {
      return null;
    }
    // The first event to fail in an outage cannot know it; more than that one would be wrong.
    const outage = `${process.name} ${phase.fromMs}`;
    if (this.#inOutage.has(outage)) return `an attempt of event ${seq} was counted in an outage`;
    this.#inOutage.add(outage);
    return null;
  }
}
