// The SQL of keeping house on PostgreSQL. Each statement picks its rows once, in an array, and then finds them by their key: the planner
// cannot be led to read the whole table by a wrong guess at how many there are.
import { instantAt } from './instant.ts';

/** Delayed by a relayer to after `$2`: a reason to wait, an interruption or an error shows that one has had the event. */
const isFar = `status = 'pending' AND available_at > $2 AND available_at < 9000000000000000`;
const isDelayed = 'lease_id IS NULL AND (wait_reason IS NOT NULL OR claims > 0 OR last_error IS NOT NULL)';

/** So many events the application may have scheduled for later are read past. Behind them nothing is found. */
const mostReadPast = 10_000;

/** Up to `$most` of one kind that were processed before `$1`, oldest first, through the kind's own index. */
function prunable(confirmedAt: 'IS NULL' | 'IS NOT NULL', most: string): string {
  return `
    SELECT seq FROM events
     WHERE status = 'processed' AND confirmed_at ${confirmedAt} AND processed_at < ${instantAt('$1')}
     ORDER BY processed_at
     LIMIT ${most}
       FOR UPDATE SKIP LOCKED`;
}

const pruned = `
  confirmed AS MATERIALIZED (${prunable('IS NOT NULL', '$2')}),
  unconfirmed AS MATERIALIZED (${prunable('IS NULL', 'least($3::bigint, $4::bigint - (SELECT count(*) FROM confirmed))')})`;

const deletePruned = `
  DELETE FROM events
   WHERE seq = ANY (ARRAY(SELECT seq FROM confirmed UNION ALL SELECT seq FROM unconfirmed))`;

export const keepingStatements = {
  // Interrupted once: due at once (0 sorts before all others). More often: 1 s doubling to 5 min, spread by up to half either way by a
  // hash of the row, so that the same moment does not gather them again. It waits for a row that somebody has locked, who may be the
  // dead relayer's last statement, still running on the server; in the order of seq, as settling does.
  takeOver: `
    WITH held AS MATERIALIZED (
      SELECT seq FROM events WHERE lease_id >= $2 AND lease_id < $3 AND (lease_id < $5 OR lease_id >= $6) ORDER BY seq FOR UPDATE),
    freed AS (
      UPDATE events AS event
         SET lease_id = NULL, wait_reason = NULL,
             available_at = CASE WHEN event.claims <= 1 THEN 0
               ELSE $1::bigint + (least(300000, 1000 << least(event.claims - 2, 9))
                                  * (500 + (event.seq * 7919 + event.claims::bigint * 104729) % 1000)) / 1000
             END
       WHERE event.seq = ANY (ARRAY(SELECT seq FROM held))
      RETURNING 1),
    total AS (SELECT count(*) AS events FROM freed),
    recorded AS (
      INSERT INTO outbox_log (at, kind, detail)
      SELECT ${instantAt('$1')}, 'taken_over', json_build_object('slot', $4::text, 'events', events)
        FROM total WHERE events > 0)
    SELECT events FROM total`,
  giveBack: `
    UPDATE events SET lease_id = NULL, available_at = 0, claims = greatest(claims - 1, 0)
     WHERE seq = ANY (ARRAY(SELECT seq FROM events WHERE lease_id = ANY ($1::text[]) FOR UPDATE SKIP LOCKED))`,
  // One look-up in the index per slot there can be, however many leases and odd lease ids there are.
  slotsWithLeases: `
    SELECT slot FROM unnest($1::text[], $2::text[], $3::text[]) AS range(slot, low, high)
     WHERE EXISTS (SELECT 1 FROM events WHERE lease_id >= low AND lease_id < high)
     ORDER BY slot`,
  // Through the index of what waits, in its order, and no other: `+ 0` and `|| ''` hide the index of what is due, which the planner would
  // read whole to narrow this one down, with all that is fresh or scheduled for later in it.
  resume: `
    UPDATE events SET available_at = $1, wait_reason = NULL
     WHERE seq = ANY (ARRAY(
             SELECT seq FROM events
              WHERE wait_reason = 'gateway' AND status || '' = 'pending' AND available_at + 0 > $1 AND lease_id IS NULL
              ORDER BY business_id
              LIMIT $2
                FOR UPDATE SKIP LOCKED))`,
  // An expired lease stays the holder's to settle until somebody claims the row.
  promote: `
    UPDATE events SET available_at = 0
     WHERE seq = ANY (ARRAY(
             SELECT seq FROM events
              WHERE status = 'pending' AND available_at > 0 AND available_at <= $1
              ORDER BY available_at, seq
              LIMIT $2
                FOR UPDATE SKIP LOCKED))`,
  recall: `
    WITH stranded AS MATERIALIZED (
      SELECT seq FROM (SELECT * FROM events WHERE ${isFar} ORDER BY available_at, seq LIMIT ${mostReadPast}) AS far
       WHERE ${isDelayed} LIMIT $3)
    UPDATE events SET available_at = $1
     WHERE seq = ANY (ARRAY(
             SELECT seq FROM events
              WHERE seq = ANY (ARRAY(SELECT seq FROM stranded)) AND ${isFar} AND ${isDelayed}
                FOR UPDATE SKIP LOCKED))`,
  prune: `WITH ${pruned} ${deletePruned}`,
  pruneWithRecord: `
    WITH ${pruned},
    record AS (
      DELETE FROM outbox_log
       WHERE id = ANY (ARRAY(
               SELECT id FROM outbox_log
                WHERE kind <> 'verified'
                  AND (at < ${instantAt('$1')} OR id <= (SELECT max(id) FROM outbox_log) - $5::bigint)
                  FOR UPDATE SKIP LOCKED)))
    ${deletePruned}`,
};
