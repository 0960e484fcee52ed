// The owner guard's verbs in SQLite. All go through the index of what waits for a reason, or look at a bounded number of rows: an
// index of all pending events by owner would be paid for by every event, and owners without an endpoint are rare.
import type { OwnerVerbs } from '../owner-verbs.ts';
import type { SqliteConnection } from './connection.ts';
import { immediately } from './transaction.ts';

/** The verbs on an open connection whose `events` table exists. */
export function sqliteOwners(db: SqliteConnection): OwnerVerbs {
  const statements = prepareOwners(db);
  return {
    async wasAccepted(request) {
      return statements.wasAccepted.get(request) !== undefined;
    },
    async holdOwner(request) {
      return immediately(
        db,
        'hold',
        () => statements.holdHeld.run(request).changes + statements.holdDue.run(request).changes,
      );
    },
    async releaseOwner(request) {
      return immediately(db, 'release', () => statements.release.run(request).changes);
    },
  };
}

/** Exported for the test that looks at the plans. */
export function prepareOwners(db: SqliteConnection) {
  return {
    // The oldest rows of a good owner are accepted ones: the first look nearly always finds one. The bound is for an
    // owner that has nothing but a backlog.
    wasAccepted: db
      .prepare(`
        SELECT 1 FROM (SELECT status, gateway, last_error FROM events WHERE business_id = :businessId LIMIT 100)
         WHERE status = 'processed' AND gateway = :gateway AND last_error IS NULL LIMIT 1`)
      .pluck(),
    // Through the index of what waits, by reason and business. Walking what is due later, as before, took 0.3 s and more a million
    // events, under the write lock, for every business that Convoy was asked about.
    holdHeld: db.prepare(`
      UPDATE events SET available_at = :availableAtMs, last_error = :reason
       WHERE seq IN (
               SELECT seq FROM events
                WHERE wait_reason = 'endpoint' AND business_id = :businessId AND status = 'pending'
                  AND available_at > :nowMs AND available_at < :availableAtMs AND lease_id IS NULL
                LIMIT :limit)`),
    holdDue: db.prepare(`
      UPDATE events SET available_at = :availableAtMs, wait_reason = 'endpoint', last_error = :reason
       WHERE seq IN (
               SELECT seq FROM (SELECT seq, business_id, lease_id FROM events
                                 WHERE status = 'pending' AND available_at <= :nowMs
                                 ORDER BY available_at, seq
                                 LIMIT 2000)
                WHERE business_id = :businessId AND lease_id IS NULL
                LIMIT :limit)`),
    release: db.prepare(`
      UPDATE events SET available_at = :nowMs, wait_reason = NULL
       WHERE seq IN (
               SELECT seq FROM events
                WHERE wait_reason = 'endpoint' AND business_id = :businessId AND status = 'pending'
                  AND available_at > :nowMs AND lease_id IS NULL
                LIMIT :limit)`),
  };
}
