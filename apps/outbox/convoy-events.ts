// Convoy's list of events, a page at a time, and what a row says about the event. Rows that repeat a key are left out:
// Convoy never delivers them.
import { type ConvoyAccess, type ConvoyRead, memberOf, readConvoy, type Unreadable } from './convoy.ts';

/** An event as Convoy stored it the first time. */
export interface StoredEvent {
  readonly key: string;
  readonly state: /** Its deliveries were created. */
    | 'delivering'
    /** It matched no endpoint; it will never be delivered, and its key is burnt. */
    | 'failed'
    /** Convoy is still at it, or gave up without saying so: its age tells which. */
    | 'in-progress';
  /** Convoy's own words: the status, and the reason of a failure. */
  readonly words: string;
  /** Epoch ms by Convoy's clock; NaN when it is unreadable. */
  readonly storedAtMs: number;
}

export type EventPage =
  | {
      readonly kind: 'page';
      readonly events: readonly StoredEvent[];
      /** Null on the last page. */
      readonly nextCursor: string | null;
      /** Convoy's time, epoch ms, or null. */
      readonly serverMs: number | null;
    }
  | Unreadable
  | { readonly kind: 'too-large' };

export interface EventQuery {
  /** Bounds on the time of storing by Convoy's clock, epoch ms; widened to whole seconds, as Convoy needs them. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly perPage: number;
  /** Null for the first page. */
  readonly cursor: string | null;
  /** Only the rows of this idempotency key. */
  readonly key?: string;
  readonly signal?: AbortSignal;
}

/** A page of 1,000 events of 600 bytes has 1.6 MB; parsing more than this would hold up deliveries. */
const longestPageBytes = 8 << 20;

/** Asks for one page, oldest first. Never throws. */
export async function listEvents(access: ConvoyAccess, query: EventQuery): Promise<EventPage> {
  const read = await readConvoy(access, {
    path: '/events',
    parameters: {
      startDate: wholeSeconds(Math.floor(query.fromMs / 1_000)),
      // The end is exact to the second: what was stored within its last second needs one more.
      endDate: wholeSeconds(Math.floor(query.toMs / 1_000) + 1),
      perPage: String(query.perPage),
      sort: 'ASC',
      direction: 'next',
      next_page_cursor: query.cursor ?? '',
      ...(query.key === undefined ? {} : { idempotencyKey: query.key }),
    },
    longestBytes: longestPageBytes,
    ...(query.signal === undefined ? {} : { signal: query.signal }),
  });
  return read.kind === 'read' ? pageOf(read, query) : read;
}

function pageOf(read: Extract<ConvoyRead, { kind: 'read' }>, query: EventQuery): EventPage {
  const content = memberOf(read.data, 'content');
  const pagination = memberOf(read.data, 'pagination');
  const hasNext = memberOf(pagination, 'has_next_page');
  const cursor = memberOf(pagination, 'next_page_cursor');
  if (!Array.isArray(content) || typeof hasNext !== 'boolean') return unreadable('no page of events');
  if (!hasNext) return page(content, null, read.serverMs);
  // Following a cursor that stands still would never end.
  if (typeof cursor !== 'string' || cursor === '' || cursor === query.cursor) {
    return unreadable('a page of events without a way to the next');
  }
  return page(content, cursor, read.serverMs);
}

function page(content: readonly unknown[], nextCursor: string | null, serverMs: number | null): EventPage {
  const events = content.flatMap((row) => storedEvent(row) ?? []);
  return { kind: 'page', events, nextCursor, serverMs };
}

function unreadable(what: string): Unreadable {
  return { kind: 'unreadable', reason: `Convoy answered with ${what}`, retryAfterMs: null };
}

/** Null for a repeat, and for what is no event with a key. */
function storedEvent(row: unknown): StoredEvent | null {
  const key = memberOf(row, 'idempotency_key');
  const status = memberOf(row, 'status');
  if (typeof key !== 'string' || key === '' || typeof status !== 'string') return null;
  if (memberOf(row, 'is_duplicate_event') === true) return null;
  const reason = memberOf(row, 'failure_reason');
  return {
    key,
    state: status === 'Success' ? 'delivering' : status === 'Failure' ? 'failed' : 'in-progress',
    words: typeof reason === 'string' && reason !== '' ? `${status}: ${reason}` : status,
    storedAtMs: Date.parse(String(memberOf(row, 'created_at'))),
  };
}

/** `YYYY-MM-DDTHH:MM:SS` in UTC: Convoy refuses a zone and a fraction. */
function wholeSeconds(epochSeconds: number): string {
  return new Date(epochSeconds * 1_000).toISOString().slice(0, 19);
}
