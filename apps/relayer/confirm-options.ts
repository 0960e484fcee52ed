// What reading back is given: the parts it works with, and its times. All durations are milliseconds.
import type { Clock } from '../outbox/clock.ts';
import type { ConvoyAccess } from '../outbox/convoy.ts';
import type { Log } from '../outbox/log.ts';
import type { OutboxStore } from '../outbox/store.ts';

export interface ConfirmTimings {
  /** An event missing for so long after its acceptance is lost; doubled by each time it was sent again. */
  readonly graceMs: number;
  readonly longestGraceMs: number;
  /** Windows overlap by so much, because a row can appear late and behind others. */
  readonly overlapMs: number;
  /** The longest window asked for at once. */
  readonly spanMs: number;
  /** How far back the first look after a start goes. */
  readonly lookBackMs: number;
  /** A look so far back is repeated this often, against clocks that stepped. */
  readonly fullLookEveryMs: number;
  /** Between two requests to Convoy. */
  readonly requestGapMs: number;
  /** Between two write transactions. */
  readonly writeGapMs: number;
  /** A canary waits the grace time for the next one, doubling up to this. */
  readonly longestCanaryWaitMs: number;
  /** After a request that could not be read, doubling. */
  readonly firstRetryMs: number;
}

export const confirmTimings: ConfirmTimings = {
  graceMs: 360_000,
  longestGraceMs: 6 * 3_600_000,
  overlapMs: 600_000,
  spanMs: 3_600_000,
  lookBackMs: 7 * 86_400_000,
  fullLookEveryMs: 6 * 3_600_000,
  requestGapMs: 100,
  writeGapMs: 10,
  longestCanaryWaitMs: 1_800_000,
  firstRetryMs: 1_000,
};

/** An event is sent again at most so often. */
export const mostResends = 5;

export interface ConfirmParts {
  readonly store: Pick<
    OutboxStore,
    'unconfirmed' | 'confirm' | 'resend' | 'reportUndelivered' | 'log' | 'records'
  >;
  readonly access: ConvoyAccess;
  /** URL of the project: only what it accepted is confirmed. */
  readonly gateway: string;
  /** What was accepted longer ago than this is never sent again. */
  readonly windowMs: number;
  /** Resolves when a request disturbs no delivery: the gateway is open and the relayer has a quiet moment. */
  readonly calm: () => Promise<void>;
  /** Events became due. */
  readonly onResent: () => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly timings: ConfirmTimings;
}
