// What the doctor asks of a PostgreSQL server itself: what it does to the disk, who stands before it, what holds vacuum back, its connections, its
// clock.
import type { Queries } from '../../../apps/outbox/postgres/connection.ts';
import type { OpenServer } from '../open-outbox.ts';
import { numberText, spanText } from '../wording.ts';
import { caution, type Finding, ok, unknown, wrong } from './finding.ts';

/** A committed event survives a crash of the server only while it waits for its disk. */
export async function checkDisk(queries: Queries): Promise<Finding> {
  const rows = await queries.query<{ name: string; setting: string }>(
    `SELECT name, current_setting(name) AS setting FROM unnest('{fsync,full_page_writes}'::text[]) AS given (name)`,
  );
  const says = rows.map(({ name, setting }) => `${name} ${setting}`).join(', ');
  const off = rows.filter(({ setting }) => setting !== 'on').map(({ name }) => name);
  if (off.length === 0) return ok('disk', says);
  return wrong(
    'disk',
    `${says}: a crash of the machine may lose events, or damage the database`,
    `set ${off.map((name) => `${name} = on`).join(' and ')} in postgresql.conf and reload; off is for tests`,
  );
}

export function checkPooler({ isPooled, address }: OpenServer): Finding {
  return isPooled
    ? caution(
        'pooler',
        `before ${address.host}:${address.port} a proxy pools connections by transaction: through it a relayer has no wakes and no takeover`,
        'give the relayer a URL of the server itself, or of a pool by session; applications may stay behind it',
      )
    : ok('pooler', 'no proxy that pools by transaction');
}

/** Backups take longer, and hold vacuum back all the same. */
const longMs = 300_000;

/** A transaction, or what is like one. */
export interface Holder {
  readonly who: string;
  /** Null for a replication slot, which has no beginning. */
  readonly ageMs: number | null;
}

/**
 * While a transaction lives, no row version that died after its begin may go: each claim and settlement leaves one, and walks past them in its index.
 * Vacuum and our own look hold nothing back.
 */
const holders = `
  SELECT who, "ageMs", pg_has_role('pg_read_all_stats', 'USAGE') AS "maySeeAll" FROM (
    SELECT format('pid %s (%s, %s, %s)', pid, coalesce(nullif(application_name, ''), 'no name'), usename, state) AS who,
           extract(epoch FROM clock_timestamp() - xact_start)::float8 * 1000 AS "ageMs"
      FROM pg_stat_activity
     WHERE (datname = current_database() OR backend_type = 'walsender') AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
       AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL) AND backend_type <> 'autovacuum worker' AND query !~* '^\\s*vacuum'
    UNION ALL
    SELECT format('prepared transaction %s (%s)', gid, owner), extract(epoch FROM clock_timestamp() - prepared)::float8 * 1000
      FROM pg_prepared_xacts WHERE database = current_database()
    UNION ALL
    SELECT format('replication slot %s, which nobody reads', slot_name), NULL
      FROM pg_replication_slots WHERE xmin IS NOT NULL AND NOT active
  ) AS found
  RIGHT JOIN (SELECT 1) AS one ON true
  ORDER BY "ageMs" DESC NULLS FIRST`;

export async function checkTransactions(queries: Queries): Promise<Finding> {
  const rows = await queries.query<{ who: string | null; ageMs: number | null; maySeeAll: boolean }>(holders);
  const found = rows.flatMap(({ who, ageMs }) => (who === null ? [] : [{ who, ageMs }]));
  return judgeTransactions(found, rows[0]?.maySeeAll === true);
}

/** The oldest comes first. Pure: exported for its test. */
export function judgeTransactions(found: readonly Holder[], maySeeAll: boolean): Finding {
  const [oldest] = found;
  if (oldest !== undefined && (oldest.ageMs === null || oldest.ageMs > longMs)) {
    const since = oldest.ageMs === null ? '' : ` has a transaction open for ${spanText(oldest.ageMs)}`;
    return caution(
      'transactions',
      `${oldest.who}${since}: vacuum can take nothing away that died since, and claims become slow`,
      oldest.ageMs === null
        ? 'drop the slot, or start what reads it'
        : 'nothing, if it is a backup; else end it (SELECT pg_terminate_backend(PID)) and set idle_in_transaction_session_timeout',
    );
  }
  const says =
    oldest?.ageMs == null ? 'none holds vacuum back' : `the oldest is ${spanText(oldest.ageMs)} old`;
  if (maySeeAll) return ok('transactions', says);
  const todo = 'look as a member of pg_monitor';
  return unknown('transactions', `${says}, but those of other users cannot be seen`, todo);
}

/** A relayer needs about five. */
const fewConnections = 10;

export async function checkConnections(queries: Queries): Promise<Finding> {
  const [row] = await queries.query<{ most: number; used: number }>(
    `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS most,
       (SELECT sum(numbackends) FROM pg_stat_database)::int AS used`,
  );
  const { most = 0, used = 0 } = row ?? {};
  const says = `${numberText(used)} of ${numberText(most)} are taken`;
  if (most - used >= fewConnections) return ok('connections', says);
  const todo = 'end some, raise max_connections, or put a pool before the applications';
  return caution('connections', `${says}: a relayer needs about five`, todo);
}

const tolerableMs = 60_000;

export function checkServerClock(offsetMs: number): Finding {
  if (Math.abs(offsetMs) <= tolerableMs)
    return ok('clock', `the server's and this one differ by ${spanText(Math.abs(offsetMs))}`);
  const says = `the server's is ${spanText(Math.abs(offsetMs))} ${offsetMs > 0 ? 'ahead of' : 'behind'} this one`;
  return caution('clock', says, "check NTP on both: relayers go by the server's, logs by their own");
}
