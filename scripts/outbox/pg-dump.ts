// The command that copies the outbox's tables from a PostgreSQL server: PostgreSQL's own, which this project has no better one for. Pure.
import { outboxTables } from '../../apps/outbox/outbox-table.ts';
import type { PostgresAddress } from '../../apps/outbox/postgres/address.ts';

/** For a shell; the password is asked for, or comes from PGPASSWORD or ~/.pgpass. */
export function pgDumpCommand(
  { host, port, user, database, schema }: PostgresAddress,
  { table, to }: { readonly table: string; readonly to: string },
): string {
  const [, record] = outboxTables;
  // Without quotes pg_dump folds a name to lower case and takes * and ? in it for a pattern.
  const named = [table, record].map((name) =>
    [...(schema === null ? [] : [schema]), name].map(quoted).join('.'),
  );
  const options = [
    ...[`--host=${host}`, `--port=${port}`],
    ...(user === '' ? [] : [`--username=${user}`]),
    ...[`--dbname=${database}`, '--format=custom'],
    ...named.map((name) => `--table=${name}`),
    `--file=${to}`,
  ];
  return ['pg_dump', ...options.map(shellWord)].join(' ');
}

const quoted = (name: string) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

const shellWord = (word: string) =>
  /^[\w=:/.,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
