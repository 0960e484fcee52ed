// The owner guard's verbs on PostgreSQL. All go through the index of what waits for a reason, or look at a bounded number of rows: an
// index of all pending events by owner would be paid for by every event, and owners without an endpoint are rare.
import type { OwnerVerbs } from '../owner-verbs.ts';
import type { PostgresConnection } from './connection.ts';
import { storableText } from './storable-text.ts';

/** The verbs on a database that has our tables. */
export function postgresOwners(connection: PostgresConnection): OwnerVerbs {
  return {
    async wasAccepted({ businessId, gateway }) {
      return (await connection.query(ownerStatements.wasAccepted, [businessId, gateway])).length > 0;
    },
    holdOwner({ businessId, nowMs, availableAtMs, reason, limit }) {
      const values = [businessId, nowMs, limit, availableAtMs, storableText(reason)];
      return connection.run(ownerStatements.hold, values);
    },
    releaseOwner: ({ businessId, nowMs, limit }) =>
      connection.run(ownerStatements.release, [businessId, nowMs, limit]),
  };
}

/** Through the index of what waits and no other: `+ 0` and `|| ''` hide that of what is due, where all that is scheduled for later stands. */
const isHeld = `wait_reason = 'endpoint' AND business_id = $1 AND status || '' = 'pending' AND available_at + 0 > $2 AND lease_id IS NULL`;

/** Exported for the test that looks at the plans. */
export const ownerStatements = {
  // The oldest rows of a good owner are accepted ones: the first look nearly always finds one. The bound is for an
  // owner that has nothing but a backlog. A range of one and its order, since for `=` the planner reads the table from its start,
  // believing that an owner's rows are spread evenly.
  wasAccepted: `
    SELECT 1 FROM (SELECT status, gateway, last_error FROM events
                     WHERE business_id >= $1 AND business_id <= $1 ORDER BY business_id LIMIT 100) AS oldest
     WHERE status = 'processed' AND gateway = $2 AND last_error IS NULL LIMIT 1`,
  hold: `
    WITH held AS MATERIALIZED (
      SELECT seq FROM events WHERE ${isHeld} AND available_at + 0 < $4 LIMIT $3 FOR UPDATE SKIP LOCKED),
    due AS MATERIALIZED (
      SELECT seq FROM (SELECT seq, business_id, lease_id FROM events
                        WHERE status = 'pending' AND available_at <= $2
                        ORDER BY available_at, seq
                        LIMIT 2000) AS next
       WHERE business_id = $1 AND lease_id IS NULL
       LIMIT $3),
    free AS MATERIALIZED (
      SELECT seq FROM events
       WHERE seq = ANY (ARRAY(SELECT seq FROM due)) AND status = 'pending' AND available_at <= $2 AND lease_id IS NULL
         FOR UPDATE SKIP LOCKED)
    UPDATE events SET available_at = $4, wait_reason = 'endpoint', last_error = $5
     WHERE seq = ANY (ARRAY(SELECT seq FROM held UNION ALL SELECT seq FROM free))`,
  release: `
    UPDATE events SET available_at = $2, wait_reason = NULL
     WHERE seq = ANY (ARRAY(SELECT seq FROM events WHERE ${isHeld} LIMIT $3 FOR UPDATE SKIP LOCKED))`,
};
