// The relayer's SQL for SQLite beside its turns, one statement a verb.
import type { SqliteConnection } from './connection.ts';

/** Prepares every statement once. The `events` table must exist. */
export function prepareStatements(db: SqliteConnection) {
  return { ...keepingStatements(db), ...logStatements(db) };
}

export type Statements = ReturnType<typeof prepareStatements>;

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
       WHERE lease_id >= :from AND lease_id < :to AND (lease_id < :ownFrom OR lease_id >= :ownTo)`),
    giveBack: db.prepare(`
      UPDATE events SET lease_id = NULL, available_at = 0, claims = max(claims - 1, 0)
       WHERE lease_id IN (SELECT value FROM json_each(?))`),
    anyLeaseIn: db.prepare(`SELECT 1 FROM events WHERE lease_id >= :from AND lease_id < :to LIMIT 1`).pluck(),
    // Through the index of what waits: events scheduled for later, however many, are not walked.
    resume: db.prepare(`
      UPDATE events SET available_at = :nowMs, wait_reason = NULL
       WHERE seq IN (
               SELECT seq FROM events
                WHERE wait_reason = 'gateway' AND status = 'pending' AND available_at > :nowMs AND lease_id IS NULL
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
    // The oldest of both kinds, each through its partial index. A count of all would read the whole table, a second and more a
    // million events, with the loop standing still.
    acceptedBy: db
      .prepare(
        `SELECT count(*) FROM (${oldestAccepted('IS NOT NULL')} UNION ALL ${oldestAccepted('IS NULL')}) WHERE gateway = ?`,
      )
      .pluck(),
  };
}

/** Of each kind: 20 to 50 ms in all, once after a start. */
const mostAcceptedRead = 10_000;

function oldestAccepted(confirmedAt: 'IS NULL' | 'IS NOT NULL'): string {
  return `
      SELECT gateway FROM (SELECT gateway FROM events WHERE status = 'processed' AND confirmed_at ${confirmedAt}
                            ORDER BY processed_at LIMIT ${mostAcceptedRead})`;
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
