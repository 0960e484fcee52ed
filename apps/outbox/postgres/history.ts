// Prisma's own history table on PostgreSQL: reads it for `standingOf`, and writes the rows that its command line would write. It decides
// nothing.
import { randomUUID } from 'node:crypto';
import type { Migration } from '../migration-files.ts';
import type { History, HistoryRow } from '../migration-history.ts';
import type { Queries } from './connection.ts';

/** Names the schema: one further down the search_path may hold another application's history. */
const tableIn = (schema: string) => `"${schema.replaceAll('"', '""')}"."_prisma_migrations"`;

/**
 * What stands in a schema besides the history: tables, views, sequences, functions and types of its own. What an extension brought
 * along, as managed servers install them into `public`, is nobody's application.
 */
const hasObjects = `SELECT EXISTS (
  SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.relname <> '_prisma_migrations'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  UNION ALL
  SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname = $1
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
  UNION ALL
  SELECT FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  WHERE n.nspname = $1 AND t.typtype IN ('e', 'd')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
) AS found`;

/** Reads what `standingOf` judges; a schema that is not there yet holds nothing. Throws DatabaseTrouble. */
export async function readPostgresHistory(queries: Queries, schema: string | null): Promise<History> {
  if (schema === null) return { hasObjects: false, rows: [] };
  const [objects] = await queries.query<{ found: boolean }>(hasObjects, [schema]);
  return { hasObjects: objects?.found === true, rows: await readRows(queries, schema) };
}

async function readRows(queries: Queries, schema: string): Promise<readonly HistoryRow[]> {
  if (!(await hasTable(queries, schema))) return [];
  return queries.query<HistoryRow>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS "isFinished" FROM ${tableIn(schema)} WHERE rolled_back_at IS NULL`,
  );
}

async function hasTable(queries: Queries, schema: string): Promise<boolean> {
  const [table] = await queries.query<{ exists: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = $1 AND c.relname = '_prisma_migrations') AS exists`,
    [schema],
  );
  return table?.exists === true;
}

/** The columns exactly as Prisma's schema engine creates them (7.10). */
const columns = `(
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)`;

/** Records an applied migration as the Prisma command line would. Throws DatabaseTrouble. */
export async function recordPostgresMigration(
  queries: Queries,
  applied: {
    readonly schema: string;
    readonly migration: Migration;
    readonly startedAtMs: number;
    readonly finishedAtMs: number;
  },
): Promise<void> {
  const { schema, migration, startedAtMs, finishedAtMs } = applied;
  if (!(await hasTable(queries, schema))) await queries.run(`CREATE TABLE ${tableIn(schema)} ${columns}`);
  await queries.run(
    `INSERT INTO ${tableIn(schema)} (id, checksum, finished_at, migration_name, started_at, applied_steps_count)
     VALUES ($1, $2, to_timestamp($3 / 1000.0), $4, to_timestamp($5 / 1000.0), 1)`,
    [randomUUID(), migration.checksum, finishedAtMs, migration.name, startedAtMs],
  );
}
