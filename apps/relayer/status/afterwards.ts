// What became of events after Convoy had accepted them, as the record tells it: nothing in the events themselves shows at a glance
// that Convoy stores none, or will not deliver one.
import type { NumberedRecord } from '../../outbox/live-verbs.ts';

export interface Afterwards {
  /** Since when Convoy accepts events and stores none, epoch ms; null while it stores them. */
  readonly stalledSinceMs: number | null;
  /** When an event last turned out to be one that Convoy will not deliver, epoch ms; null when the record has none. */
  readonly undeliveredAtMs: number | null;
}

/** Pure: lines of the record, oldest first. */
export function afterwardsOf(record: readonly NumberedRecord[]): Afterwards {
  const pipeline = record.findLast(({ kind }) => kind === 'pipeline');
  const undelivered = record.findLast(({ kind }) => kind === 'undelivered');
  return {
    stalledSinceMs: pipeline?.detail.state === 'stalled' ? pipeline.atMs : null,
    undeliveredAtMs: undelivered?.atMs ?? null,
  };
}
