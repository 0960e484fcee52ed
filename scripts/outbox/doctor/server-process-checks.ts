// What the doctor can know of those who use a PostgreSQL outbox: which relayers live and what each wrote of itself, and who is connected. A
// session's settings cannot be seen from another.
import type { Queries } from '../../../apps/outbox/postgres/connection.ts';
import type { OpenOutbox } from '../open-outbox.ts';
import { caution, type Finding, ok, unknown, wrong } from './finding.ts';
import type { RelayerProcess } from './process-checks.ts';

/** Relayers hold advisory locks; those behind a proxy by transaction cannot, so only their record tells of them. */
export async function checkServerRelayers(
  { store }: OpenOutbox,
  relayers: readonly RelayerProcess[],
): Promise<readonly Finding[]> {
  if (relayers.length === 0) {
    const [last] = await store.records('relayer_started', 1);
    return last?.detail.pooled === 'by transaction'
      ? [unknown('relayers', pooledWords, 'look at pm2 status, or at its log')]
      : [caution('relayers', 'none is running: nothing is delivered', 'start one')];
  }
  return relayers.map(({ slot, pid, record }) => {
    const { synchronous_commit, postgres, node } = record?.detail ?? {};
    const who = `relayer ${slot}`;
    if (typeof synchronous_commit !== 'string') {
      return unknown(who, 'holds its slot, and its start is no longer on record');
    }
    const words = synchronous_commit === 'off' ? 'off, which loses no event' : synchronous_commit;
    return ok(who, `pid ${pid}: synchronous_commit ${words}, PostgreSQL ${postgres}, Node ${node}`);
  });
}

const pooledWords =
  'the last one runs behind a proxy that pools by transaction: whether it lives cannot be seen from here';

/** The client of this package, which sets synchronous_commit for each of its connections and reads it back. */
const ourClient = 'outbox client';
/** Patterns of LIKE. A relayer's connections have its process id in their name. */
const notWriters = ['outbox-relayer %', 'outbox command', 'outbox prepare'];

/** Whoever else writes events has what its role and database have, unless it sets otherwise. */
export async function checkServerWriters(queries: Queries): Promise<readonly Finding[]> {
  const [setting] = await queries.query<{ level: string; role: string }>(
    `SELECT reset_val AS level, current_user::text AS role FROM pg_settings WHERE name = 'synchronous_commit'`,
  );
  const names = await queries.query<{ name: string; count: number }>(
    `SELECT application_name AS name, count(*) AS count FROM pg_stat_activity
      WHERE datname = current_database() AND usesysid IS NOT NULL AND pid <> pg_backend_pid() AND application_name NOT LIKE ALL ($1)
      GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10`,
    [notWriters],
  );
  const ours = names.find(({ name }) => name === ourClient)?.count ?? 0;
  const others = names.filter(({ name }) => name !== ourClient);
  const client = ok(
    'writers',
    ours === 0
      ? "no connection of this package's client at this moment"
      : `${ours} ${ours === 1 ? 'connection' : 'connections'} of this package's client: synchronous_commit on, set by each`,
  );
  const shown = others.map(({ name, count }) => `${name === '' ? 'without a name' : name} (${count})`);
  const who = shown.length === 0 ? 'others' : `others: ${shown.join(', ')};`;
  const { level = 'unknown', role = '' } = setting ?? {};
  if (level !== 'off') return [client, ok('other writers', `${who} synchronous_commit ${level} by default`)];
  return [
    client,
    wrong(
      'other writers',
      `${who} synchronous_commit off by default: a crash of the server may lose events that they committed`,
      `ALTER ROLE "${role}" SET synchronous_commit = on, or in postgresql.conf; or write through this package's client`,
    ),
  ];
}
