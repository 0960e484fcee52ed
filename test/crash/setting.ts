// How the processes of a world run: what a scene wants of them, and what all worlds have in common.
import { isDeep } from '../repeatable.ts';
import type { Order } from './order.ts';

/** What the processes of a world have in common. */
export interface Setting {
  /** Flags of its relayers, beside those of all. */
  readonly flags: readonly string[];
  /** Its processes cut long waits short. */
  readonly haste?: boolean;
  /** SQL of a condition that holds when all is done. Default: every event is processed. */
  readonly isDone?: string;
  /** There is no database in the beginning. */
  readonly isFileNew?: boolean;
}

/** A start may take so long on a machine that has much else to do, and longer where long runs share it with others. */
export const patienceMs = isDeep ? 120_000 : 30_000;

/** Slots of a relayer: few, since a kill may repeat so many. */
export const concurrency = 4;

export interface Timing {
  readonly leaseMs: number;
  readonly requestTimeoutMs: number;
}

export const timings: Readonly<Record<Order['signal'], Timing>> = {
  // What a dead relayer held must be taken over long before its leases end. (Haste would cut a timeout of 5 s short.)
  SIGKILL: { leaseMs: 30_000, requestTimeoutMs: 4_000 },
  // Who stands still keeps its leases until they end, and the others have to wait for that.
  SIGSTOP: { leaseMs: 3_000, requestTimeoutMs: 1_500 },
};

/** The flags of a relayer. */
export function relayerFlags({ flags }: Setting, { leaseMs, requestTimeoutMs }: Timing): readonly string[] {
  return [
    ...['--poll-interval', '100ms', '--drain-timeout', '100ms', '--concurrency', `${concurrency}`],
    ...['--lease', `${leaseMs}ms`, '--request-timeout', `${requestTimeoutMs}ms`],
    ...['--log-level', 'debug', '--log-format', 'json', '--status-port', '0', ...flags],
  ];
}
