// A relayer as it runs, with two things replaced: Convoy is a function of the test, and time passes when the test says
// so. The store and the file are real.
import type Database from 'better-sqlite3';
import { leaseIds } from '../apps/outbox/lease-id.ts';
import type { Log, LogFields } from '../apps/outbox/log.ts';
import type { SqliteStore } from '../apps/outbox/sqlite/store.ts';
import type { ClaimedEvent } from '../apps/outbox/store.ts';
import type { Outcome, Unavailable } from '../apps/relayer/outcome.ts';
import type { OwnerGuard } from '../apps/relayer/owner-guard.ts';
import { Relayer, type RelayerOptions, type RelayerParts } from '../apps/relayer/relayer.ts';
import { FakeClock } from './fake-clock.ts';
import { newDatabaseFile, openStore, plainConnection } from './outbox-database.ts';
import { seededRandom } from './seeded-random.ts';

export const accepted: Outcome = { kind: 'accepted' };
export const rejected = {
  kind: 'rejected',
  reason: 'HTTP 400: body must not be empty',
} as const satisfies Outcome;

export function unavailable(change: Partial<Unavailable> = {}): Unavailable {
  return {
    kind: 'unavailable',
    reason: 'HTTP 503',
    reach: 'reached',
    retryAfterMs: null,
    check: null,
    ...change,
  };
}

/** Convoy, as a test wants it. */
export class FakeConvoy {
  readonly #clock: FakeClock;
  /** What comes of an event; by default it is accepted. */
  answer: (event: ClaimedEvent) => Outcome = () => accepted;
  /** How long an answer takes; null never answers before the deadline. */
  latencyMs: number | null = 5;
  /** Every event sent, in order, with the instant. */
  readonly sent: {
    readonly seq: number;
    readonly atMs: number;
    readonly claims: number;
    readonly leaseId: string;
  }[] = [];
  /** Seqs of the accepted ones, in order. */
  readonly accepted: number[] = [];
  inFlight = 0;
  mostInFlight = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  readonly deliver = (event: ClaimedEvent, timeoutMs: number): Promise<Outcome> => {
    const { seq, claims, leaseId } = event;
    this.sent.push({ seq, atMs: this.#clock.monotonicMs(), claims, leaseId });
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    return new Promise((resolve) => {
      const isLate = this.latencyMs === null || this.latencyMs >= timeoutMs;
      this.#clock.after(isLate ? timeoutMs : (this.latencyMs ?? 0), () => {
        this.inFlight -= 1;
        const outcome = isLate ? unavailable({ reason: 'no answer' }) : this.answer(event);
        if (outcome.kind === 'accepted') this.accepted.push(event.seq);
        resolve(outcome);
      });
    });
  };
}

/** A log that remembers its lines. */
export class MemoryLog implements Log {
  readonly lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[] = [];
  readonly #note =
    (level: string) =>
    (message: string, fields: LogFields = {}) => {
      this.lines.push({ level, message, fields });
    };
  readonly error = this.#note('error');
  readonly warn = this.#note('warn');
  readonly info = this.#note('info');
  readonly debug = this.#note('debug');

  /** How often a message was logged. */
  count(message: string): number {
    return this.lines.filter((line) => line.message === message).length;
  }
}

export interface Rig {
  readonly file: string;
  /** Another connection, for inserting and looking. */
  readonly db: Database.Database;
  readonly store: SqliteStore;
  readonly clock: FakeClock;
  readonly convoy: FakeConvoy;
  readonly log: MemoryLog;
  readonly relayer: Relayer;
  /** How many events it has lost to others, as its meters are told. */
  leasesLost(): number;
  /** Runs the relayer, with leave to send. Resolves when it has stopped. */
  start(): Promise<void>;
}

export const rigOptions: RelayerOptions = {
  gateway: 'https://convoy.test/api/v1/projects/p',
  concurrency: 8,
  leaseMs: 30_000,
  requestTimeoutMs: 10_000,
  maxAttempts: 10,
  maxInterruptions: 20,
  drainTimeoutMs: 5_000,
};

let rigs = 0;

export interface RigChange extends Partial<RelayerOptions> {
  /** Default `00`. */
  readonly slot?: string;
  /** Works on the file of this rig, and in its time. */
  readonly beside?: Rig;
  /** Lives in a time of its own: a relayer whose clock stands still for ever is dead. */
  readonly clock?: FakeClock;
  readonly owners?: (parts: Pick<Rig, 'store' | 'clock' | 'log'>) => OwnerGuard;
  /** In the place of the fake Convoy. */
  readonly deliver?: RelayerParts['deliver'];
  readonly onOutcome?: RelayerParts['onOutcome'];
}

/** A relayer that does nothing before `start`. */
export async function createRig(change: RigChange = {}): Promise<Rig> {
  const {
    slot = '00',
    beside,
    clock = beside?.clock ?? new FakeClock(),
    owners,
    deliver,
    onOutcome = () => {},
    ...options
  } = change;
  rigs += 1;
  const file = beside?.file ?? newDatabaseFile();
  const store = await openStore(file);
  const convoy = new FakeConvoy(clock);
  const log = new MemoryLog();
  let lost = 0;
  const parts = {
    store,
    onLeasesLost(events: number) {
      lost += events;
    },
    deliver: deliver ?? convoy.deliver,
    onOutcome,
    nextLeaseId: leaseIds({ slot, token: `rig${rigs}` }),
    clock,
    log,
    random: seededRandom(rigs),
    ...(owners === undefined ? {} : { owners: owners({ store, clock, log }) }),
  };
  const relayer = new Relayer(parts, { ...rigOptions, ...options });
  const start = () => {
    relayer.allowSending();
    return relayer.run();
  };
  const db = beside?.db ?? plainConnection(file);
  return { file, db, store, clock, convoy, log, relayer, leasesLost: () => lost, start };
}
