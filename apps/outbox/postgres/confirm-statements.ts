// The SQL of reading back, on PostgreSQL. What writes locks its rows in the order of seq, as all do who wait for rows while they hold others:
// two relayers that read the same window never wait for each other.
import { instantAt } from './instant.ts';

const isOpen = `event.status = 'processed' AND event.confirmed_at IS NULL`;

/** Exported for the test that looks at the plans, too. */
export const confirmStatements = {
  // Walks the index from the given place; the rows that it skips are those of another gateway and those reported.
  unconfirmed: `
    SELECT seq, id, id || key_suffix AS key, created_at, processed_at, resends FROM events
     WHERE status = 'processed' AND confirmed_at IS NULL
       AND processed_at >= ${instantAt('$2')} AND processed_at <= ${instantAt('$4')}
       AND (processed_at > ${instantAt('$2')} OR seq > $3) AND gateway = $1 AND last_error IS NULL
     ORDER BY processed_at, seq
     LIMIT $5`,
  // One look into the unique index per way in which a key can be read. Comparing id || key_suffix could use no index.
  find: `
    SELECT event.seq, event.id || event.key_suffix AS key, event.processed_at, event.confirmed_at IS NULL AS is_open,
           event.last_error IS NOT NULL AS is_reported
      FROM unnest($1::text[], $2::text[]) AS part(id, key_suffix)
      JOIN events AS event ON event.id = part.id AND event.key_suffix = part.key_suffix
     WHERE event.status = 'processed' AND event.gateway = $3`,
  confirm: `
    WITH open AS MATERIALIZED (
      SELECT seq FROM events AS event WHERE seq = ANY ($1::bigint[]) AND ${isOpen} AND gateway = $2
       ORDER BY seq FOR UPDATE)
    UPDATE events SET confirmed_at = ${instantAt('$3')}, last_error = NULL
     WHERE seq = ANY (ARRAY(SELECT seq FROM open))`,
  resend: `
    WITH open AS MATERIALIZED (
      SELECT event.seq FROM unnest($1::bigint[], $2::integer[]) AS given(seq, resends)
        JOIN events AS event ON event.seq = given.seq AND event.resends = given.resends
       WHERE ${isOpen} AND event.gateway = $3
       ORDER BY event.seq FOR UPDATE OF event),
    resent AS (
      UPDATE events AS event
         SET status = 'pending', available_at = $4::bigint, wait_reason = NULL, attempts = 0, claims = 0,
             resends = greatest(event.resends, 0) + 1, processed_at = NULL, gateway = NULL,
             last_error = 'accepted, but never stored by Convoy: sent again'
       WHERE event.seq = ANY (ARRAY(SELECT seq FROM open))
      RETURNING event.seq, event.resends)
    INSERT INTO outbox_log (at, kind, event_seq, detail)
    SELECT ${instantAt('$4')}, 'resent', seq, '{"resends":' || resends || '}' FROM resent ORDER BY seq`,
  report: `
    WITH open AS MATERIALIZED (
      SELECT event.seq, given.reason, given.detail
        FROM unnest($1::bigint[], $2::text[], $3::text[]) AS given(seq, reason, detail)
        JOIN events AS event ON event.seq = given.seq
       WHERE ${isOpen} AND event.gateway = $4 AND event.last_error IS NULL
       ORDER BY event.seq FOR UPDATE OF event),
    reported AS (
      UPDATE events AS event SET last_error = open.reason FROM open WHERE event.seq = open.seq
      RETURNING event.seq, event.id || event.key_suffix AS key, open.detail),
    recorded AS (
      INSERT INTO outbox_log (at, kind, event_seq, detail)
      SELECT ${instantAt('$5')}, 'undelivered', seq, detail FROM reported ORDER BY seq)
    SELECT key FROM reported ORDER BY seq`,
};
