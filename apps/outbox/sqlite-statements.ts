// The relayer's SQL for SQLite, one statement a verb. Nothing else runs SQL on the relayer's side.
import type { SqliteConnection } from './sqlite.ts';
import type { ClaimedEvent } from './store.ts';

/** A claimed row as SQLite returns it. */
export interface ClaimedRow {
  readonly seq: number;
  readonly id: string;
  readonly key_suffix: string;
  readonly business_id: string;
  readonly event_type: string;
  readonly payload: string | null;
  readonly headers: string | null;
  readonly lease_id: string;
  readonly attempts: number;
  readonly claims: number;
  readonly created_at: string;
}

/** The event in a claimed row. */
export function claimedEvent(row: ClaimedRow): ClaimedEvent {
  return {
    seq: row.seq,
    id: row.id,
    keySuffix: row.key_suffix,
    businessId: row.business_id,
    eventType: row.event_type,
    payload: row.payload,
    headers: row.headers,
    leaseId: row.lease_id,
    attempts: row.attempts,
    claims: row.claims,
    createdAtMs: Date.parse(row.created_at),
  };
}

/** Prepares every statement once. The `events` table must exist. */
export function prepareStatements(db: SqliteConnection) {
  return { ...claimStatements(db), ...settleStatements(db), ...keepingStatements(db), ...logStatements(db) };
}

export type Statements = ReturnType<typeof prepareStatements>;

function claimStatements(db: SqliteConnection) {
  return {
    // A look before the write lock: a wake that finds nothing costs no transaction.
    anyDue: db.prepare(`SELECT 1 FROM events WHERE status = 'pending' AND available_at <= ? LIMIT 1`).pluck(),
    // One UPDATE ... RETURNING through the partial index; its predicate must be repeated for SQLite to use it.
    // RETURNING promises no order, so the caller sorts by seq. json() runs under CASE because one malformed row
    // (a CHECK can be switched off) would otherwise fail the claim of the whole batch; so would counters edited to below 0,
    // since an UPDATE checks every constraint on a column it sets. PostgreSQL will want FOR UPDATE SKIP
    // LOCKED here; SQLite has one writer.
    claim: db.prepare(`
      UPDATE events
         SET lease_id = :leaseId, available_at = :leaseEndsAtMs, claims = max(claims, 0) + 1,
             attempts = max(attempts, 0), wait_reason = NULL
       WHERE seq IN (
               SELECT seq FROM events
                WHERE status = 'pending' AND available_at <= :dueByMs AND (:dueByMs > 0 OR wait_reason IS NULL)
                  AND seq NOT IN (SELECT value FROM json_each(:exceptSeqs))
                ORDER BY available_at, seq
                LIMIT :slots)
      RETURNING seq, id, key_suffix, business_id, event_type, headers, lease_id, attempts, claims, created_at,
                CASE WHEN json_valid(payload) THEN json(payload) END AS payload`),
    // The upper bound keeps out texts and blobs, which sort after all numbers and would be no instant at all.
    nextDue: db
      .prepare(
        `SELECT min(available_at) FROM events WHERE status = 'pending' AND available_at > ? AND available_at < 9e15`,
      )
      .pluck(),
  };
}

// Settling names the row and the lease: a holder that lost its lease changes nothing. Any outcome clears `claims`.
function settleStatements(db: SqliteConnection) {
  return {
    processed: db.prepare(`
      UPDATE events
         SET status = 'processed', lease_id = NULL, processed_at = :at, gateway = :gateway, claims = 0, last_error = NULL
       WHERE seq = :seq AND lease_id = :leaseId`),
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

function keepingStatements(db: SqliteConnection) {
  return {
    // Interrupted once: due at once (0 sorts before all others). More often: 1 s doubling to 5 min, spread by up to
    // half either way by a hash of the row, so that the same moment does not gather them again.
    takeOver: db.prepare(`
      UPDATE events
         SET lease_id = NULL, wait_reason = NULL,
             available_at = CASE WHEN claims <= 1 THEN 0
               ELSE :nowMs + (min(300000, 1000 << min(claims - 2, 9)) * (500 + (seq * 7919 + claims * 104729) % 1000)) / 1000
             END
       WHERE lease_id >= :from AND lease_id < :to`),
    anyLeaseIn: db.prepare(`SELECT 1 FROM events WHERE lease_id >= :from AND lease_id < :to LIMIT 1`).pluck(),
    resume: db.prepare(`
      UPDATE events SET available_at = :nowMs, wait_reason = NULL
       WHERE seq IN (
               SELECT seq FROM events
                WHERE status = 'pending' AND available_at > :nowMs AND wait_reason = 'gateway' AND lease_id IS NULL
                LIMIT :limit)`),
    anyOverdue: db
      .prepare(
        `SELECT 1 FROM events WHERE status = 'pending' AND available_at > 0 AND available_at <= ? LIMIT 1`,
      )
      .pluck(),
    // An expired lease stays the holder's to settle until somebody claims the row.
    promote: db.prepare(`
      UPDATE events SET available_at = 0
       WHERE seq IN (
               SELECT seq FROM events
                WHERE status = 'pending' AND available_at > 0 AND available_at <= :nowMs
                ORDER BY available_at, seq
                LIMIT :limit)`),
    // Each through its own partial index: old rows of the other kind cost nothing, however many there are.
    pruneConfirmed: pruneStatement(db, 'IS NOT NULL'),
    pruneUnconfirmed: pruneStatement(db, 'IS NULL'),
    pruneLog: db.prepare(
      `DELETE FROM outbox_log WHERE kind <> 'verified' AND (at < :before OR id <= :oldestKept)`,
    ),
    acceptedBy: db.prepare(`SELECT count(*) FROM events WHERE status = 'processed' AND gateway = ?`).pluck(),
  };
}

function pruneStatement(db: SqliteConnection, confirmedAt: 'IS NULL' | 'IS NOT NULL') {
  return db.prepare(`
      DELETE FROM events
       WHERE seq IN (
               SELECT seq FROM events
                WHERE status = 'processed' AND confirmed_at ${confirmedAt} AND processed_at < :before
                ORDER BY processed_at
                LIMIT :limit)`);
}

function logStatements(db: SqliteConnection) {
  return {
    log: db.prepare(
      `INSERT INTO outbox_log (at, kind, event_seq, detail) VALUES (:at, :kind, :eventSeq, :detail)`,
    ),
    // Newest first; `members` is a JSON object whose members the detail must have.
    lastLogged: db
      .prepare(`
        SELECT detail FROM outbox_log
         WHERE kind = :kind
           AND NOT EXISTS (SELECT 1 FROM json_each(:members) AS wanted
                            WHERE json_extract(detail, '$.' || wanted.key) IS NOT wanted.value)
         ORDER BY id DESC LIMIT 1`)
      .pluck(),
    verifiedGateways: db
      .prepare(`SELECT DISTINCT json_extract(detail, '$.gateway') FROM outbox_log WHERE kind = 'verified'`)
      .pluck(),
    newestLog: db.prepare(`SELECT coalesce(max(id), 0) FROM outbox_log`).pluck(),
  };
}
