// The SQL of a page that moves, on PostgreSQL: seeks and bounded walks of indexes that are there for the relayer's sake. What the
// planner could mistake for a short walk along the table (the lowest of few rows) is ordered as only the right index is.
import { instantAt } from './instant.ts';

/** Of what piles up, at each glance. */
export const mostAtGlance = 20_000;
/** Of what happens within an interval. */
export const mostWithin = 50_000;
/** How far back acceptances are listed. */
export const acceptancesWithinMs = 60_000;
const mostWaitingRead = 500;
const mostDeadRead = 2_000;
const acceptancesRead = 500;
const latenciesPerInterval = 200;

const kinds = ['IS NULL', 'IS NOT NULL'] as const;

/** Accepted events lie in two partial indexes, by whether they were read back: each is walked in its own order. */
function accepted(confirmedAt: (typeof kinds)[number], where: string): string {
  return `status = 'processed' AND confirmed_at ${confirmedAt} AND ${where}`;
}

function within(column: string, { from, to }: { readonly from: string; readonly to: string }): string {
  return `${column} > ${instantAt(from)} AND ${column} <= ${instantAt(to)}`;
}

function bounded(where: string, most = mostWithin): string {
  return `(SELECT count(*) FROM (SELECT 1 FROM events WHERE ${where} LIMIT ${most + 1}) AS first)`;
}

const acceptedWithin = (window: { readonly from: string; readonly to: string }) =>
  kinds.map((kind) => bounded(accepted(kind, within('processed_at', window)))).join(' + ');

/** The newest ones as JSON: pairs of epoch ms, acceptance and creation. */
function acceptances(window: { readonly from: string; readonly to: string; readonly most: number }): string {
  const newest = kinds.map(
    (
      kind,
    ) => `(SELECT processed_at, created_at FROM events WHERE ${accepted(kind, within('processed_at', window))}
                 ORDER BY processed_at DESC LIMIT ${window.most})`,
  );
  return `(SELECT coalesce(json_agg(json_build_array(extract(epoch FROM processed_at) * 1000, extract(epoch FROM created_at) * 1000)
                                    ORDER BY processed_at DESC), '[]')
             FROM (${newest.join(' UNION ALL ')} ORDER BY processed_at DESC LIMIT ${window.most}) AS newest)`;
}

/** Exported for the test that looks at the plans, too. */
export const liveStatements = {
  // The sequence's own counter, which pruning does not turn back. It also counts what was rolled back or is not committed yet. The name in
  // quotes is turned to another table's like any other. NULL for a table whose numbers come from elsewhere.
  glance: `
    WITH fresh AS (
      SELECT seq FROM events WHERE status = 'pending' AND available_at >= 0 AND available_at < 1
       ORDER BY available_at, seq LIMIT 1),
    delayed AS (
      SELECT count(*) AS events, min(seq) AS oldest_seq
        FROM (SELECT seq FROM events WHERE status = 'pending' AND available_at > 0 LIMIT ${mostAtGlance + 1}) AS first)
    SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('"events"', 'seq')::regclass),
                    (SELECT max(seq) FROM events), 0) AS newest_seq,
           (SELECT seq FROM fresh) AS fresh_head_seq,
           (SELECT events FROM delayed) AS delayed,
           (SELECT count(*) FROM events WHERE lease_id IS NOT NULL) AS leased,
           (SELECT created_at FROM events
             WHERE seq = least((SELECT seq FROM fresh), (SELECT oldest_seq FROM delayed))) AS oldest_created_at,
           ${bounded(`status = 'dead'`, mostAtGlance)} AS dead,
           (SELECT coalesce(json_agg(json_build_object('reason', reason, 'events', events)
                                     ORDER BY events DESC, reason COLLATE "C"), '[]')
              FROM (SELECT reason, count(*) AS events
                      FROM (SELECT coalesce(wait_reason, CASE WHEN lease_id IS NULL THEN 'scheduled' END) AS reason FROM events
                             WHERE status = 'pending' AND available_at > 0 ORDER BY available_at LIMIT ${mostWaitingRead}) AS next
                     WHERE reason IS NOT NULL GROUP BY reason) AS reasons) AS waiting,
           ${acceptedWithin({ from: '$1', to: '$2' })} AS accepted,
           ${acceptances({ from: '$3', to: '$2', most: acceptancesRead })} AS acceptances`,
  freshBetween: `
    SELECT count(*) AS events FROM events
     WHERE status = 'pending' AND available_at = 0 AND seq > $1 AND seq <= $2`,
  countDelayed: `SELECT count(*) AS events FROM events WHERE status = 'pending' AND available_at > 0`,
  traffic: `
    SELECT ${bounded(within('created_at', { from: '$1', to: '$2' }))} AS appended,
           ${acceptedWithin({ from: '$1', to: '$2' })} AS accepted,
           ${acceptances({ from: '$1', to: '$2', most: latenciesPerInterval })} AS acceptances`,
  acceptancesAround: `
    SELECT greatest(${kinds.map((kind) => `(SELECT max(processed_at) FROM events WHERE ${accepted(kind, `processed_at < ${instantAt('$1')}`)})`).join(', ')}) AS before_at,
           least(${kinds.map((kind) => `(SELECT min(processed_at) FROM events WHERE ${accepted(kind, `processed_at >= ${instantAt('$1')}`)})`).join(', ')}) AS from_at`,
  // A line whose transaction commits after that of a later line may be missed; it is there when the page is loaded anew.
  recordAfter: `SELECT id, kind, at, event_seq, detail FROM outbox_log WHERE id > $1 ORDER BY id DESC LIMIT $2`,
  deadReasons: `
    SELECT coalesce(last_error, 'no reason recorded') AS reason, count(*) AS events, max(id COLLATE "C") AS "exampleId"
      FROM (SELECT last_error, id FROM events WHERE status = 'dead' ORDER BY seq DESC LIMIT ${mostDeadRead}) AS newest
     GROUP BY 1 ORDER BY 2 DESC, coalesce(last_error, 'no reason recorded') COLLATE "C" LIMIT 10`,
};
