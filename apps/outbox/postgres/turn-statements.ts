// The SQL of a relayer's turn on PostgreSQL: settle, claim, or both in one statement, and what goes on record with them.
// It says what happens to rows; turn.ts decides which statement a turn needs.

import type { ClaimedEvent } from '../store.ts';
import { compactJson } from './compact-json.ts';
import { instantAt } from './instant.ts';

/** A claimed row as PostgreSQL returns it. */
export interface ClaimedRow {
  readonly seq: number;
  readonly id: string;
  readonly key_suffix: string;
  readonly business_id: string;
  readonly event_type: string;
  readonly payload: string;
  readonly headers: string | null;
  readonly lease_id: string;
  readonly attempts: number;
  readonly claims: number;
  readonly created_at_ms: number;
}

/** The event in a claimed row. */
export function claimedEvent(row: ClaimedRow): ClaimedEvent {
  return {
    seq: row.seq,
    id: row.id,
    keySuffix: row.key_suffix,
    businessId: row.business_id,
    eventType: row.event_type,
    payload: compactJson(row.payload),
    headers: row.headers,
    leaseId: row.lease_id,
    attempts: row.attempts,
    claims: row.claims,
    createdAtMs: Math.round(row.created_at_ms),
  };
}

// Every kind at once: what a kind leaves alone is null. Only pending rows hold a lease, so that the status is always given. A row is
// found by its key and its lease: a holder that lost its lease changes nothing. Any outcome clears `claims`.
// IS NOT DISTINCT FROM goes through no index: with `=` the planner looked every row up by its lease, which n rows share, so that a turn
// of n rows read n squared.
// `held` locks in the order of seq, as do all who wait for rows while they hold others: no two ever wait for each other.
const settled = `
  given AS MATERIALIZED (
    SELECT * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::integer[],
                         $10::boolean[], $11::text[]) WITH ORDINALITY
               AS given(seq, lease_id, status, available_at, wait_reason, error, gateway, attempts, is_unsent, record, place)),
  held AS MATERIALIZED (
    SELECT given.* FROM given JOIN events AS event ON event.seq = given.seq AND event.lease_id IS NOT DISTINCT FROM given.lease_id
     ORDER BY given.seq FOR UPDATE OF event),
  settled AS (
    UPDATE events AS event
       SET status = held.status, lease_id = NULL,
           processed_at = CASE held.status WHEN 'processed' THEN ${instantAt('$1')} ELSE event.processed_at END,
           gateway = coalesce(held.gateway, event.gateway),
           available_at = coalesce(held.available_at, event.available_at),
           wait_reason = CASE held.status WHEN 'pending' THEN held.wait_reason ELSE event.wait_reason END,
           attempts = event.attempts + held.attempts,
           claims = CASE WHEN held.is_unsent THEN greatest(event.claims - 1, 0) ELSE 0 END,
           last_error = CASE held.status WHEN 'processed' THEN NULL ELSE coalesce(held.error, event.last_error) END
      FROM held
     WHERE event.seq = held.seq
    RETURNING event.seq, held.place, held.record),
  lost AS (SELECT place FROM given WHERE place NOT IN (SELECT place FROM settled)),
  fenced AS (
    INSERT INTO outbox_log (at, kind, detail)
    SELECT ${instantAt('$1')}, 'fenced', json_build_object('events', count(*)) FROM lost HAVING count(*) > 0),
  died AS (
    INSERT INTO outbox_log (at, kind, event_seq, detail)
    SELECT ${instantAt('$1')}, 'dead', seq, record FROM settled WHERE record IS NOT NULL ORDER BY place)`;

const lost = '(SELECT array_agg(place::integer) FROM lost) AS lost';

/**
 * Claims with five values from `$first` on: the lease's id and end, due by, the rows in flight, the number of slots. The rows are chosen
 * in an array, once, and then found by their key, whatever the planner believes about how many there are. The lower bound keeps out
 * nothing: without a range the planner expects a third of what is pending, finds a plan for all values dear, and plans anew at every turn (with
 * it, it kept the plan in 745 of 750 turns). RETURNING promises no order: the caller sorts by seq.
 */
function claimed(first: number, alsoNot = ''): string {
  const [leaseId, leaseEndsAt, dueBy, exceptSeqs, slots] = [0, 1, 2, 3, 4].map((n) => `$${first + n}`);
  return `
  claimed AS (
    UPDATE events AS event
       SET lease_id = ${leaseId}, available_at = ${leaseEndsAt}, claims = greatest(event.claims, 0) + 1,
           attempts = greatest(event.attempts, 0), wait_reason = NULL
     WHERE event.seq = ANY (ARRAY(
             SELECT seq FROM events
              WHERE status = 'pending' AND available_at > -9000000000000000 AND available_at <= ${dueBy}::bigint AND (${dueBy}::bigint > 0 OR wait_reason IS NULL)
                AND seq <> ALL (${exceptSeqs}::bigint[])${alsoNot}
              ORDER BY available_at, seq
              LIMIT ${slots}
                FOR UPDATE SKIP LOCKED))
    RETURNING event.seq, event.id, event.key_suffix, event.business_id, event.event_type, event.payload, event.headers,
              event.lease_id, event.attempts, event.claims, date_part('epoch', event.created_at) * 1000 AS created_at_ms)`;
}

/**
 * A statement is a transaction of its own, so that a turn is one round trip and not the four of BEGIN, settle, claim and COMMIT, each of which is
 * a wait for the network. With no network between, measurements on a busy machine did not agree on which is faster.
 */
export const turnStatements = {
  claim: `WITH ${claimed(1)} SELECT * FROM claimed`,
  settle: `WITH ${settled} SELECT ${lost}`,
  settleAndClaim: `WITH ${settled}, ${claimed(12, ' AND seq NOT IN (SELECT seq FROM settled)')}
    SELECT ${lost}, claimed.* FROM (SELECT 1) AS turn LEFT JOIN claimed ON true`,
  // The upper bound is SQLite's, where it keeps out what is no number: the same instants are due on both.
  nextDue: `SELECT min(available_at) AS due_at FROM events WHERE status = 'pending' AND available_at > $1 AND available_at < 9000000000000000`,
};
