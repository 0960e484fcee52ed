// Convoy's events table as far as the sandbox has one: rows appear a while after the acceptance, and only then it
// is decided which of several posts with one key was the first. Rows hold no payload.
import { createDelayLine } from './delay-line.ts';
import type { Fate } from './fate.ts';
import { ulidOf } from './ulid.ts';

export type EventStatus = 'Success' | 'Failure' | 'Retry' | 'Processing';

/** One stored row. Repeats of a key are rows too, flagged, with the status that Convoy leaves them in. */
export interface EventRow {
  /** Sorts by intake. */
  readonly uid: string;
  readonly key: string;
  readonly owner: string;
  readonly type: string;
  readonly status: EventStatus;
  readonly isDuplicate: boolean;
  /** When it was accepted and when it was stored, epoch milliseconds. */
  readonly acknowledgedAtMs: number;
  readonly createdAtMs: number;
}

/** An accepted event on its way to the store. */
export interface PendingEvent {
  readonly key: string;
  readonly owner: string;
  readonly type: string;
  readonly fate: Fate;
  readonly acknowledgedAtMs: number;
}

export interface EventStore<Pending extends PendingEvent> {
  /** Stores the event after the delay. */
  add(event: Pending): void;
  /** Stores an event of an earlier life at once; it is not delivered again. */
  restore(event: PendingEvent): void;
  /** Whether a row with this key exists now. Never for the empty key. */
  has(key: string): boolean;
  /** All rows, in the order of storing. */
  rows(): readonly EventRow[];
  /** Events accepted and not stored yet. */
  pendingCount(): number;
  stop(): void;
}

export interface EventStoreOptions<Pending> {
  /** From the acceptance to the row. */
  readonly storeDelayMs: number;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
  /** Called for each new row that has to be delivered. */
  readonly onStored: (event: Pending) => void;
}

type Numbered<Event> = Event & { readonly uid: string };

export function createEventStore<Pending extends PendingEvent>(
  options: EventStoreOptions<Pending>,
): EventStore<Pending> {
  const stored = new Set<string>();
  const rows: EventRow[] = [];
  let taken = 0;
  const numbered = <Event extends PendingEvent>(event: Event) => {
    taken += 1;
    return { ...event, uid: ulidOf({ atMs: event.acknowledgedAtMs, nth: taken }) };
  };
  const line = createDelayLine<Numbered<Pending>>(options.storeDelayMs, (event) => {
    const status = store(event, options.nowMs());
    if (status === 'Success' && event.fate !== 'undeliverable') options.onStored(event);
  });

  /** Adds the row, if there is to be one, and returns its status. */
  function store(event: Numbered<PendingEvent>, createdAtMs: number): EventStatus | null {
    if (event.fate === 'no-row' || event.fate === 'lost') return null;
    const { uid, key, owner, type, acknowledgedAtMs } = event;
    const isDuplicate = stored.has(key);
    const status = isDuplicate ? 'Processing' : statusOf(event.fate);
    if (key !== '') stored.add(key);
    rows.push({ uid, key, owner, type, status, isDuplicate, acknowledgedAtMs, createdAtMs });
    return status;
  }

  return {
    add: (event) => line.push(numbered(event)),
    restore: (event) => {
      store(numbered(event), event.acknowledgedAtMs + options.storeDelayMs);
    },
    has: (key) => stored.has(key),
    rows: () => rows,
    pendingCount: () => line.length(),
    stop: () => line.stop(),
  };
}

function statusOf(fate: Exclude<Fate, 'no-row' | 'lost'>): EventStatus {
  switch (fate) {
    case 'delivered':
    case 'badly-signed':
    case 'undeliverable':
      return 'Success';
    case 'unmatched':
      return 'Failure';
    case 'stuck':
      return 'Retry';
    default:
      return fate satisfies never;
  }
}
