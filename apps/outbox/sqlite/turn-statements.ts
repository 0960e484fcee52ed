// The SQL of a relayer's turn on SQLite: the hot path, every statement of it once per event or once per turn.

import type { ClaimedEvent } from '../store.ts';
import type { SqliteConnection } from './connection.ts';

/** A claimed row as SQLite returns it, its values in the order in which the claim names them. */
export type ClaimedRow = readonly [
  seq: number,
  id: string,
  keySuffix: string,
  businessId: string,
  eventType: string,
  headers: string | null,
  leaseId: string,
  attempts: number,
  claims: number,
  createdAt: string,
  payload: string | null,
];

/** The event in a claimed row. */
export function claimedEvent(row: ClaimedRow): ClaimedEvent {
  return {
    seq: row[0],
    id: row[1],
    keySuffix: row[2],
    businessId: row[3],
    eventType: row[4],
    payload: row[10],
    headers: row[5],
    leaseId: row[6],
    attempts: row[7],
    claims: row[8],
    createdAtMs: Date.parse(row[9]),
  };
}

/**
 * Prepares the statements once. The `events` table must exist. What runs once a turn is OR ROLLBACK: a failure undoes the whole
 * turn either way, and with the default, ABORT, SQLite copies each page that the statement changes into a temporary file first,
 * to undo the statement alone. Rows come as arrays, which better-sqlite3 makes faster than objects. Together 23.7 -> 20.8 us an
 * event. There, too, a parameter that is compared with a column, or is a LIMIT, has a `+` before it: without, SQLite looks at what it is bound
 * to, for its plan (once there are statistics; of a LIMIT always), and compiles the statement again for each binding, 40 to 170 us.
 */
export function turnStatements(db: SqliteConnection) {
  return { ...claimStatements(db), ...settleStatements(db) };
}

export type TurnStatements = ReturnType<typeof turnStatements>;

function claimStatements(db: SqliteConnection) {
  return {
    // A look before the write lock: a wake that finds nothing costs no transaction.
    anyDue: db
      .prepare(`SELECT 1 FROM events WHERE status = 'pending' AND available_at <= +? LIMIT 1`)
      .pluck(),
    // One UPDATE ... RETURNING through the partial index; its predicate must be repeated for SQLite to use it.
    // RETURNING promises no order, so the caller sorts by seq. json() runs under CASE because one malformed row
    // (a CHECK can be switched off) would otherwise fail the claim of the whole batch; so would counters edited to below 0,
    // since an UPDATE checks every constraint on a column it sets. SQLite has one writer, so that no row need be
    // locked, as PostgreSQL's claim must (postgres/turn-statements.ts).
    claim: db
      .prepare(`
      UPDATE OR ROLLBACK events
         SET lease_id = :leaseId, available_at = :leaseEndsAtMs, claims = max(claims, 0) + 1,
             attempts = max(attempts, 0), wait_reason = NULL
       WHERE seq IN (
               SELECT seq FROM events
                WHERE status = 'pending' AND available_at <= +:dueByMs AND (:dueByMs > 0 OR wait_reason IS NULL)
                  AND seq NOT IN (SELECT value FROM json_each(:exceptSeqs))
                ORDER BY available_at, seq
                LIMIT +:slots)
      RETURNING seq, id, key_suffix, business_id, event_type, headers, lease_id, attempts, claims, created_at,
                CASE WHEN json_valid(payload) THEN json(payload) END`)
      .raw(),
    // The upper bound keeps out texts and blobs, which sort after all numbers and would be no instant at all.
    nextDue: db
      .prepare(
        `SELECT min(available_at) FROM events WHERE status = 'pending' AND available_at > +? AND available_at < 9e15`,
      )
      .pluck(),
  };
}

// Settling names the row and the lease: a holder that lost its lease changes nothing. Any outcome clears `claims`.
function settleStatements(db: SqliteConnection) {
  return {
    // All of a lease at once: 3.9 us an event in batches of 32, where a statement each took 5.6. It returns what it settled,
    // for the rare case that a lease was lost.
    processed: db
      .prepare(`
      UPDATE OR ROLLBACK events
         SET status = 'processed', lease_id = NULL, processed_at = :at, gateway = :gateway, claims = 0, last_error = NULL
       WHERE seq IN (SELECT value FROM json_each(:seqs)) AND lease_id = +:leaseId
      RETURNING seq`)
      .pluck(),
    retry: db.prepare(`
      UPDATE events
         SET lease_id = NULL, available_at = :availableAtMs, wait_reason = 'retry', attempts = attempts + 1, claims = 0,
             last_error = :error
       WHERE seq = :seq AND lease_id = :leaseId`),
    dead: db.prepare(`
      UPDATE events
         SET status = 'dead', lease_id = NULL, attempts = attempts + :counted, claims = 0, last_error = :error
       WHERE seq = :seq AND lease_id = :leaseId`),
    released: db.prepare(`
      UPDATE events
         SET lease_id = NULL, available_at = :availableAtMs, wait_reason = :waitReason,
             claims = CASE WHEN :unsent THEN max(claims - 1, 0) ELSE 0 END,
             last_error = coalesce(:error, last_error)
       WHERE seq = :seq AND lease_id = :leaseId`),
  };
}
