// What happens in one scenario, as plain data made from a seed: so that it can be printed, repeated, and made smaller.
import { seededRandom } from '../seeded-random.ts';

/**
 * `good` events can be delivered; the others never can: rejected by Convoy, failing each time, refused by a firewall before
 * it as if a setting were wrong, fatal to the relayer.
 */
export type EventKind = 'good' | 'rejected' | 'failing' | 'refused' | 'killing';

/** How Convoy behaves from `fromMs` on. `share` of the requests are concerned. */
export interface Phase {
  readonly fromMs: number;
  readonly kind:
    | 'healthy'
    /** Connections are refused. */
    | 'down'
    | 'hanging'
    /** Answers take up to one and a half times the request timeout; what times out is still accepted. */
    | 'slow'
    /** 503. */
    | 'failing'
    /** 429 with a Retry-After. */
    | 'limiting'
    /** 401. */
    | 'refusing'
    /** Accepted, and the reply is lost: a reset, or silence until the deadline. */
    | 'losing replies'
    /** A changed Convoy: it refuses every event by name. */
    | 'rejecting';
  readonly share: number;
  readonly retryAfterMs: number;
}

/** At once, or just after the relayer's next turn that changed something: the moment that chance alone would hardly ever hit. */
export type Moment = 'now' | 'after a commit';

export type Fault = { readonly atMs: number } & (
  | { readonly kind: 'kill'; readonly relayer: number; readonly moment: Moment }
  /** SIGSTOP, and SIGCONT after `forMs`. */
  | { readonly kind: 'stop'; readonly relayer: number; readonly moment: Moment; readonly forMs: number }
  /** A graceful stop, and a new start. */
  | { readonly kind: 'restart'; readonly relayer: number }
  | {
      readonly kind: 'step the clock';
      readonly relayer: number;
      readonly moment: Moment;
      readonly byMs: number;
    }
  /** Somebody holds the database's write lock; a server is away. */
  | { readonly kind: 'lock'; readonly relayer: number; readonly moment: Moment; readonly forMs: number }
);

export interface Scenario {
  readonly seed: number;
  readonly relayers: number;
  readonly concurrency: number;
  readonly leaseMs: number;
  readonly requestTimeoutMs: number;
  readonly maxAttempts: number;
  readonly pollMs: number;
  /** This share of commits is noticed at once; the rest is found by the next poll. */
  readonly hintShare: number;
  readonly events: readonly { readonly atMs: number; readonly kind: EventKind }[];
  readonly phases: readonly Phase[];
  readonly faults: readonly Fault[];
  /** From then on Convoy is healthy and nothing is killed, stopped or locked. */
  readonly healAtMs: number;
}

/** The scenario of a seed: mostly short and crowded, now and then long. */
export function scenarioOf(seed: number): Scenario {
  const random = seededRandom(seed);
  const some = (from: number, to: number) => from + random() * (to - from);
  const whole = (from: number, to: number) => Math.floor(some(from, to + 1));
  const oneOf = <Value>(values: readonly Value[]): Value => values[whole(0, values.length - 1)] as Value;
  const many = <Value>(count: number, make: () => Value) => Array.from({ length: count }, make);

  const healAtMs = oneOf([2_000, 10_000, 30_000, 30_000, 120_000, 900_000]);
  const relayers = whole(1, 3);
  const requestTimeoutMs = oneOf([500, 2_000, 10_000]);
  const poison: EventKind = oneOf(['good', 'good', 'good', 'rejected', 'failing', 'refused', 'killing']);
  const bursts = many(whole(1, 4), () => some(0, healAtMs));
  const event = () => ({
    atMs: Math.min(healAtMs, oneOf(bursts) + (random() < 0.3 ? some(0, 2_000) : 0)),
    kind: random() < 0.1 ? poison : 'good',
  });
  const maxAttempts = oneOf([3, 10]);
  const phase = (): Phase => {
    const kind = oneOf(phaseKinds);
    // Three tries are too few to tell a Convoy that rejects at random from a poison event.
    const isAll = kind === 'rejecting' && maxAttempts === 3;
    const share = isAll ? 1 : oneOf([0.1, 0.5, 0.9, 1]);
    return { fromMs: some(0, healAtMs), kind, share, retryAfterMs: oneOf([0, 1_000, 20_000, 300_000]) };
  };
  const phases = many(whole(0, 4), phase);
  const fault = (): Fault => {
    const atMs = some(0, healAtMs);
    const relayer = whole(0, relayers - 1);
    const moment = oneOf(['now', 'after a commit'] as const);
    const forMs = oneOf([50, 1_500, requestTimeoutMs * 2, requestTimeoutMs * 4, 60_000]);
    const kind = oneOf([
      'kill',
      'kill',
      'kill',
      'stop',
      'stop',
      'restart',
      'step the clock',
      'lock',
    ] as const);
    switch (kind) {
      case 'restart':
        return { atMs, kind, relayer };
      case 'kill':
        return { atMs, kind, relayer, moment };
      case 'stop':
        return { atMs, kind, relayer, moment, forMs };
      case 'step the clock':
        return {
          atMs,
          kind,
          relayer,
          moment,
          byMs: Math.round(some(-1, 1) * oneOf([500, 40_000, 3_600_000])),
        };
      case 'lock':
        return { atMs, kind, relayer, moment, forMs };
      default:
        return kind satisfies never;
    }
  };
  return {
    ...{ seed, relayers, requestTimeoutMs, healAtMs },
    leaseMs: requestTimeoutMs * oneOf([2, 3, 6]),
    concurrency: oneOf([1, 2, 3, 8]),
    maxAttempts,
    pollMs: healAtMs > 30_000 ? 15_000 : oneOf([1_000, 5_000]),
    hintShare: oneOf([0, 0.5, 1]),
    events: many(whole(1, 24), event).sort(byInstant),
    phases: phases.sort((a, b) => a.fromMs - b.fromMs),
    faults: many(whole(0, 6), fault).sort(byInstant),
  };
}

const phaseKinds = [
  'healthy',
  'down',
  'hanging',
  'slow',
  'failing',
  'limiting',
  'refusing',
  'losing replies',
  'rejecting',
] as const;

function byInstant(a: { readonly atMs: number }, b: { readonly atMs: number }): number {
  return a.atMs - b.atMs;
}

/** Every scenario that lacks one thing of this one: what a counterexample is made smaller with. */
export function* smallerScenarios(scenario: Scenario): Generator<Scenario> {
  for (const part of ['faults', 'phases', 'events'] as const) {
    for (let at = scenario[part].length - 1; at >= 0; at--) {
      yield { ...scenario, [part]: scenario[part].filter((_, index) => index !== at) };
    }
  }
  if (scenario.relayers > 1) yield { ...scenario, relayers: scenario.relayers - 1 };
  if (scenario.concurrency > 1) yield { ...scenario, concurrency: 1 };
}

/** The longest backoff with its jitter, the longest pause of the gateway, a lease, and some air. */
const afterFaultsMs = 600_000;
/** What a clock set back keeps waiting for longer than a quarter of an hour is called back within a minute. */
const afterSetBackMs = 960_000;
/** Twenty interruptions in a row, each waited for. */
const afterKillersMs = 5_400_000;

/** After the healing all good events must be processed within this time. */
export function longestDrainMs({ events, faults }: Scenario, { isRemote }: { isRemote: boolean }): number {
  const isDeadly = events.some(({ kind }) => kind === 'killing');
  const isSetBack = faults.some((fault) => fault.kind === 'step the clock' && fault.byMs < 0);
  // A lease that nobody knows of has nobody to end it early: it ends by the clock.
  const setBackMs = faults.map((fault) => (fault.kind === 'step the clock' ? Math.max(0, -fault.byMs) : 0));
  const byTheClockMs = isRemote ? setBackMs.reduce((sum, ms) => sum + ms, 0) : 0;
  return (isDeadly ? afterKillersMs : afterFaultsMs) + (isSetBack ? afterSetBackMs : 0) + byTheClockMs;
}
