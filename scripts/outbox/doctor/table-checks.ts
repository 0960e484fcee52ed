// What the doctor asks of the outbox's table on PostgreSQL: its indexes, the way of a claim, the trigger that wakes the relayers.
import { commandName } from '../../../apps/outbox/command-name.ts';
import type { PostgresConnection, Queries } from '../../../apps/outbox/postgres/connection.ts';
import { turnStatements } from '../../../apps/outbox/postgres/turn-statements.ts';
import { indexNames } from './database-checks.ts';
import { caution, type Finding, ok, wrong } from './finding.ts';

/** One that a CREATE INDEX CONCURRENTLY left half made is maintained, and used by nobody. */
export async function checkServerIndexes(queries: Queries, table: string): Promise<Finding> {
  const found = await queries.query<{ name: string; isValid: boolean }>(
    `SELECT relname::text AS name, indisvalid AS "isValid" FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
      WHERE indrelid = to_regclass(quote_ident($1))`,
    [table],
  );
  const invalid = found.filter(({ isValid }) => !isValid).map(({ name }) => name);
  if (invalid.length > 0) {
    return caution('indexes', `not valid: ${invalid.join(', ')}`, 'REINDEX INDEX CONCURRENTLY each of them');
  }
  const missing = indexNames(table).filter((wanted) => !found.some(({ name }) => name === wanted));
  if (missing.length === 0) return ok('indexes', 'all are there, and valid');
  return caution(
    'indexes',
    `not there: ${missing.join(', ')}`,
    `add them (${commandName.outbox} sql prints them): some work grows with the table`,
  );
}

interface Step {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly Step[];
}

/**
 * A claim that walks the table costs more with every event that was ever there. Of a small table the server rightly reads the whole: so it is asked
 * what it would do if it could not.
 */
export async function checkServerClaim(connection: PostgresConnection, table: string): Promise<Finding> {
  const rows = await connection.snapshot(async (tx) => {
    await tx.run('SET LOCAL enable_seqscan = off');
    return tx.query<{ 'QUERY PLAN': readonly { Plan: Step }[] }>(
      `EXPLAIN (FORMAT JSON) ${turnStatements.claim}`,
      ['', 0, 0, [], 1],
    );
  });
  const steps = rows.flatMap((row) => row['QUERY PLAN'].flatMap(({ Plan }) => flat(Plan)));
  if (steps.some((step) => step['Index Name'] === `${table}_due`))
    return ok('claim', `goes through ${table}_due`);
  const words = steps.map((step) => `${step['Node Type']} ${step['Index Name'] ?? ''}`.trim()).join('; ');
  return wrong(
    'claim',
    `does not use the index ${table}_due: ${words}`,
    'add the index, as above, and ANALYZE',
  );
}

function flat(step: Step): readonly Step[] {
  return [step, ...(step.Plans ?? []).flatMap(flat)];
}

/** By what it does: an application may have called it otherwise. */
export async function checkWake(queries: Queries, table: string): Promise<Finding> {
  const triggers = await queries.query<{ name: string; enabled: string; sparesWriters: boolean }>(
    `SELECT tgname::text AS name, tgenabled::text AS enabled, prosrc ILIKE '%pg_try_advisory_xact_lock_shared%' AS "sparesWriters"
       FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
      WHERE tgrelid = to_regclass(quote_ident($1)) AND NOT tgisinternal AND prosrc ILIKE '%pg_notify%' ORDER BY tgenabled`,
    [table],
  );
  const works = triggers.find(({ enabled }) => enabled === 'O' || enabled === 'A');
  if (works?.sparesWriters === true)
    return ok('wake', `the trigger ${works.name} tells relayers that sleep of each commit`);
  if (works !== undefined) {
    return caution(
      'wake',
      `the trigger ${works.name} tells of every commit: appending transactions wait for each other`,
      `replace its function (${commandName.outbox} sql prints it), or leave it so`,
    );
  }
  const waits = 'an event waits for up to --poll-interval of its relayer';
  const [asleep] = triggers;
  return asleep === undefined
    ? caution(
        'wake',
        `no trigger tells relayers of a commit: ${waits}`,
        `add it (${commandName.outbox} sql prints it), or leave it so`,
      )
    : caution(
        'wake',
        `the trigger ${asleep.name} is disabled: ${waits}`,
        `ALTER TABLE "${table}" ENABLE TRIGGER "${asleep.name}"`,
      );
}
