// The SQL of looking for events, on PostgreSQL. The one place where SQL is put together at run time: each member of a filter adds one
// condition from a fixed list. Values are always bound.
import type { EventFilter, EventState, ListRequest } from '../listing-verbs.ts';
import { instantAt } from './instant.ts';

/** A statement with the values of its places. */
export interface Bound {
  readonly statement: string;
  readonly values: readonly unknown[];
}

const columns = `seq, id, key_suffix, business_id, event_type, status, created_at, processed_at, confirmed_at, available_at,
  lease_id, attempts, claims, resends, wait_reason, gateway, last_error`;

export const listingStatements = {
  // The whole text is an id, or the two parts of a key are one; the unique index answers both.
  find: `
    SELECT ${columns}, payload, headers FROM events
     WHERE id = $1 OR (id = $2 AND key_suffix = $3)
     ORDER BY id = $1 DESC LIMIT 1`,
  // A batch is one record that lists its events. Whether it does is for whoever can read JSON that a hand may have spoilt, which PostgreSQL
  // before 16 cannot; those without the number anywhere are left out here. Some ten thousand records at most.
  recordsOf: `
    SELECT kind, at, event_seq, detail FROM outbox_log
     WHERE event_seq = $1
        OR (kind IN ('redriven', 'discarded') AND event_seq IS NULL AND strpos(detail, $1::text) > 0)
     ORDER BY id`,
  newest: `SELECT kind, at, event_seq, detail FROM outbox_log WHERE kind = $1 ORDER BY id DESC LIMIT $2`,
  // From one to the next through the index: DISTINCT would read an entry of it per event.
  businesses: `
    WITH RECURSIVE business(id, place) AS (
      SELECT min(business_id), 1 FROM events
       UNION ALL
      SELECT (SELECT min(business_id) FROM events WHERE business_id > business.id), place + 1
        FROM business WHERE business.id IS NOT NULL AND place < $1::bigint)
    SELECT id FROM business WHERE id IS NOT NULL ORDER BY id COLLATE "C"`,
};

/** So many rows of a state are read and sorted for a page; of more, a walk along seq meets enough of them. */
const mostSorted = 50_000;

/**
 * Whether the rows in the index of that state are few enough to be read all; null where the index, if there is one, is in the order of seq.
 */
export function fewStatement(state: EventState | undefined): string | null {
  const indexed = state === undefined ? undefined : unordered[state];
  if (indexed === undefined) return null;
  return `SELECT count(*) <= ${mostSorted} AS few FROM (SELECT 1 FROM events WHERE ${indexed} LIMIT ${mostSorted + 1}) AS first`;
}

const unordered: Readonly<Partial<Record<EventState, string>>> = {
  pending: `status = 'pending'`,
  waiting: `status = 'pending'`,
  leased: 'lease_id IS NOT NULL',
  unconfirmed: `status = 'processed' AND confirmed_at IS NULL`,
  undelivered: `status = 'processed' AND confirmed_at IS NULL`,
};

/**
 * A page: through an index of few rows (`isFew`; a span of time), or along seq until it is full. The planner believes that the rows of a
 * kind lie anywhere in the table, and would walk along seq for the oldest of what are the newest events, to the far end; the sum
 * keeps it from that.
 */
export function listStatement(request: ListRequest, isFew: boolean): Bound {
  const { filter, order, beyondSeq, limit } = request;
  const { conditions, values, bind } = conditionsOf(request);
  const isDated = filter.createdFromMs !== undefined || filter.createdBeforeMs !== undefined;
  const seq = isFew || (isDated && filter.businessId === undefined) ? 'seq + 0' : 'seq';
  if (beyondSeq !== null) conditions.push(`seq ${order === 'newest' ? '<' : '>'} ${bind(beyondSeq)}::bigint`);
  const statement = `
    SELECT ${columns} FROM events${whereOf(conditions)}
     ORDER BY ${seq} ${order === 'newest' ? 'DESC' : 'ASC'} LIMIT ${bind(limit)}::bigint`;
  return { statement, values };
}

/** How many match. */
export function countStatement(request: { readonly filter: EventFilter; readonly nowMs: number }): Bound {
  const { conditions, values } = conditionsOf(request);
  return { statement: `SELECT count(*) AS events FROM events${whereOf(conditions)}`, values };
}

/** What a state means in SQL; those but the whole of `processed` are found through a partial index. */
function stateCondition(state: EventState, bindNow: () => string): string {
  switch (state) {
    case 'leased':
      return 'lease_id IS NOT NULL';
    case 'waiting':
      return `status = 'pending' AND available_at > ${bindNow()}::bigint AND lease_id IS NULL`;
    case 'unconfirmed':
      return `status = 'processed' AND confirmed_at IS NULL`;
    case 'undelivered':
      return `status = 'processed' AND confirmed_at IS NULL AND last_error IS NOT NULL`;
    case 'pending':
    case 'processed':
    case 'dead':
    case 'discarded':
      return `status = '${state}'`;
    default:
      return state satisfies never;
  }
}

function conditionsOf({ filter, nowMs }: { readonly filter: EventFilter; readonly nowMs: number }) {
  const { state, businessId, eventType, createdFromMs, createdBeforeMs, error, gateway } = filter;
  const values: unknown[] = [];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const conditions: string[] = [];
  if (state !== undefined) conditions.push(stateCondition(state, () => bind(nowMs)));
  if (businessId !== undefined) conditions.push(`business_id = ${bind(businessId)}`);
  if (eventType !== undefined) conditions.push(`event_type = ${bind(eventType)}`);
  if (createdFromMs !== undefined) conditions.push(`created_at >= ${instantAt(bind(createdFromMs))}`);
  if (createdBeforeMs !== undefined) conditions.push(`created_at < ${instantAt(bind(createdBeforeMs))}`);
  if (error !== undefined) {
    conditions.push(`strpos(lower(last_error COLLATE "C"), lower(${bind(error)}::text COLLATE "C")) > 0`);
  }
  if (gateway !== undefined) conditions.push(`gateway = ${bind(gateway)}`);
  return { conditions, values, bind };
}

function whereOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
}
