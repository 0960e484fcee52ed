// When passes of reading back run: after a start has had its first deliveries, one relayer at a time, and rarely enough
// that they cost Convoy little. What a pass does is in confirm.ts.
import { sleep } from '../outbox/clock.ts';
import { isCorrupt } from '../outbox/judge-trouble.ts';
import { errorText } from '../outbox/log.ts';
import type { RelayerSlots } from '../outbox/relayer-slot.ts';
import { Confirmer, type PassResult } from './confirm.ts';
import { type ConfirmParts, confirmTimings } from './confirm-options.ts';
import { CannotRead } from './confirm-reader.ts';

export interface ConfirmServiceOptions extends Omit<ConfirmParts, 'timings'> {
  /** Takes the lock of the one relayer that reads back, or returns null while another holds it. */
  readonly acquire: RelayerSlots['tryAcquireConfirm'];
  readonly timings?: ConfirmServiceTimings;
}

export interface ConfirmServiceTimings {
  readonly firstPassAfterMs: number;
  readonly shortestRestMs: number;
  readonly longestRestMs: number;
}

const serviceTimings: ConfirmServiceTimings = {
  firstPassAfterMs: 30_000,
  shortestRestMs: 60_000,
  longestRestMs: 1_800_000,
};

/** A pass is followed by so many times its length without one: reading back takes at most a twentieth of the time. */
const restFactor = 20;

/** Reads back in passes until the signal aborts. A pass that fails is told, and a later one tries again; rejects when the database is damaged. */
export async function keepConfirming(options: ConfirmServiceOptions): Promise<void> {
  const { clock, signal, acquire, timings = serviceTimings, log } = options;
  const confirmer = new Confirmer({ ...options, timings: confirmTimings });
  let lock: Awaited<ReturnType<typeof acquire>> = null;
  let failures = 0;
  await sleep(clock, timings.firstPassAfterMs, signal);
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs();
    let restMs = timings.shortestRestMs;
    try {
      lock ??= await acquire();
      if (lock !== null) {
        tell(await confirmer.pass(), clock.monotonicMs() - startedMs, options);
        if (failures > 0) log.info('Convoy can be read back again', { failures });
        failures = 0;
        restMs = Math.max(restMs, (clock.monotonicMs() - startedMs) * restFactor);
      }
    } catch (error) {
      if (signal.aborted) break;
      // No later pass can help. The process ends, and its lock with it.
      if (isCorrupt(error)) throw error;
      failures += 1;
      restMs = Math.max(restMs * 2 ** Math.min(failures - 1, 10), waitAskedFor(error));
      // Once, and then with each doubling: an outage of Convoy is told by the gateway already.
      if ((failures & (failures - 1)) === 0) {
        log.warn('could not read back from Convoy, nothing is concluded', {
          reason: errorText(error),
          failures,
        });
      }
    }
    await sleep(clock, Math.min(restMs, timings.longestRestMs), signal);
  }
  await lock?.release();
}

function waitAskedFor(error: unknown): number {
  return error instanceof CannotRead ? error.retryAfterMs : 0;
}

function tell(result: PassResult, tookMs: number, { log }: ConfirmServiceOptions): void {
  const { pages, confirmed, resent, reported } = result;
  const fields = { events: confirmed, pages, took_ms: Math.round(tookMs) };
  if (confirmed > 0) log.info('accepted events confirmed', fields);
  if (resent > 0) log.warn('events lost by Convoy, sent again', { events: resent });
  if (reported > 0) log.error('events that Convoy will not deliver', { events: reported });
}
