// A turn's settlements as the arrays that its statement is given, one for each column of a row. It decides what each kind changes;
// null leaves a column alone.
import type { Settlement, TurnRequest } from '../store.ts';
import { storableJson, storableText } from './storable-text.ts';

interface Change {
  readonly status: 'processed' | 'dead' | 'pending';
  readonly availableAtMs: number | null;
  readonly waitReason: string | null;
  readonly error: string | null;
  readonly gateway: string | null;
  readonly attempts: 0 | 1;
  /** The claim is taken back, as if it had never been. */
  readonly isUnsent: boolean;
}

/** Values for `$1` to `$11` of what settles; the places of settlements, from 1, are theirs in the request. */
export function settlementColumns({ settlements, nowMs }: TurnRequest): readonly unknown[] {
  const changes = settlements.map(changeOf);
  return [
    nowMs,
    settlements.map(({ seq }) => seq),
    settlements.map(({ leaseId }) => leaseId),
    changes.map(({ status }) => status),
    changes.map(({ availableAtMs }) => availableAtMs),
    changes.map(({ waitReason }) => waitReason),
    changes.map(({ error }) => error),
    changes.map(({ gateway }) => gateway),
    changes.map(({ attempts }) => attempts),
    changes.map(({ isUnsent }) => isUnsent),
    // The row has no column for the instant at which an event died, and people ask when it was.
    settlements.map(({ kind, ...rest }) =>
      kind === 'dead' && 'error' in rest ? storableJson({ error: rest.error }) : null,
    ),
  ];
}

const nothing = {
  status: 'pending',
  availableAtMs: null,
  waitReason: null,
  error: null,
  gateway: null,
  attempts: 0,
  isUnsent: false,
} as const satisfies Change;

function changeOf(settlement: Settlement): Change {
  switch (settlement.kind) {
    case 'processed':
      return { ...nothing, status: 'processed', gateway: settlement.gateway };
    case 'retry': {
      const { availableAtMs, error } = settlement;
      return { ...nothing, availableAtMs, waitReason: 'retry', error: storableText(error), attempts: 1 };
    }
    case 'dead':
      return {
        ...nothing,
        status: 'dead',
        error: storableText(settlement.error),
        attempts: settlement.countsAttempt ? 1 : 0,
      };
    case 'released': {
      const { availableAtMs, waitReason, error } = settlement;
      const isUnsent = settlement.claim === 'unsent';
      return {
        ...nothing,
        availableAtMs,
        waitReason,
        error: error === null ? null : storableText(error),
        isUnsent,
      };
    }
    default:
      return settlement satisfies never;
  }
}
