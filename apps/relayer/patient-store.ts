// The store for everything around the loop's turns. A database that is locked for a moment, as by another process's fsync,
// must neither end a relayer at its start nor lose a line of the record: these verbs wait for it, as the loop does.
import { type Clock, sleep } from '../outbox/clock.ts';
import type { Log } from '../outbox/log.ts';
import type { OutboxStore } from '../outbox/store.ts';
import { BadDays } from './bad-days.ts';

export interface Patience {
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1). */
  readonly random: () => number;
  /** Ends the patience: from then on each verb is tried once. */
  readonly signal: AbortSignal;
}

export interface PatientStore extends OutboxStore {
  /** `mayTryOn`: whether the slot's lock is still held, without which nobody may take over. Asked before each further try; default yes. */
  takeOver(
    request: Parameters<OutboxStore['takeOver']>[0],
    mayTryOn?: () => boolean,
  ): ReturnType<OutboxStore['takeOver']>;
}

/** The same store, with takeover, record and what a start asks tried until they succeed. `turn` fails at once, since the loop retries it. */
export function patientStore(store: OutboxStore, patience: Patience): PatientStore {
  const badDays = new BadDays(patience);
  const patiently = async <Result>(work: () => Promise<Result>, mayTryOn = () => true): Promise<Result> => {
    for (;;) {
      try {
        const result = await work();
        badDays.succeeded();
        return result;
      } catch (error) {
        if (patience.signal.aborted || !mayTryOn()) throw error;
        await sleep(patience.clock, badDays.failed(error), patience.signal);
        if (!mayTryOn()) throw error;
      }
    }
  };
  return {
    ...store,
    takeOver: (request, mayTryOn) => patiently(() => store.takeOver(request), mayTryOn),
    log: (entry) => patiently(() => store.log(entry)),
    lastLogged: (kind, members) => patiently(() => store.lastLogged(kind, members)),
    verifiedGateways: () => patiently(() => store.verifiedGateways()),
    acceptedBy: (gateway) => patiently(() => store.acceptedBy(gateway)),
  };
}
