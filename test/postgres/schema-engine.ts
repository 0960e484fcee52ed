// Prisma's own schema engine on PostgreSQL: the judge of what its command line would say about a schema of a database.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { ColumnTypeEnum, type SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import type {
  DiagnoseMigrationHistoryOutput,
  SchemaEngine,
} from '@prisma/schema-engine-wasm/schema_engine_bg';
import type pg from 'pg';
import { projectRoot } from '../helpers.ts';
import { closable, differenceTo, migrationsList, noFilters, onEngine } from '../schema-engine.ts';

const folder = path.join(projectRoot, 'prisma', 'postgres');
/** The text of `prisma/postgres/schema.prisma`. */
export const postgresSchemaText = readFileSync(path.join(folder, 'schema.prisma'), 'utf8');
const migrations = migrationsList(path.join(folder, 'migrations'), 'postgresql');

/** A schema of the test's database: its connection's URL, whose search_path leads there, and its name. */
export interface Place {
  readonly url: string;
  readonly name: string;
}

async function withEngine<Result>(place: Place, task: (engine: SchemaEngine) => Promise<Result>) {
  const inner = new PrismaPg({ connectionString: place.url }, { schema: place.name });
  const { factory, closeAll } = closable(inner, mended);
  try {
    return await onEngine({ factory, schema: postgresSchemaText }, task);
  } finally {
    await closeAll();
  }
}

/** What `prisma migrate deploy` does. Returns the names of the migrations that it applied. */
export async function deployWithPrisma(place: Place): Promise<readonly string[]> {
  const result = await withEngine(place, (engine) =>
    engine.applyMigrations({ migrationsList: migrations, filters: noFilters }),
  );
  return result.appliedMigrationNames;
}

/** What `prisma migrate status` bases its verdict on. */
export function diagnoseWithPrisma(place: Place): Promise<DiagnoseMigrationHistoryOutput> {
  return withEngine(place, (engine) =>
    engine.diagnoseMigrationHistory({
      migrationsList: migrations,
      optInToShadowDatabase: false,
      filters: noFilters,
    }),
  );
}

/** The SQL that would turn the schema of the database into what a Prisma schema says, besides the history table. */
export function driftOfPostgres(place: Place, schema: string): Promise<string> {
  return withEngine(place, (engine) => differenceTo(engine, schema));
}

/**
 * Two gaps of the adapter (7.10), which the command line's engine does not have. It cuts a script at each semicolon, those in comments and
 * function bodies too: here the server reads the script. The engine asks the catalog for columns of type "char" (18), which the adapter (7.10) does not know. They are passed to it as text
 * (25), and to the engine as characters.
 */
function mended(adapter: SqlDriverAdapter): SqlDriverAdapter {
  if (!('underlyingDriver' in adapter) || typeof adapter.underlyingDriver !== 'function') return adapter;
  const pool: pg.Pool = adapter.underlyingDriver();
  const query = pool.query.bind(pool) as (given: object | string) => Promise<pg.QueryResult>;
  const queryRaw = adapter.queryRaw.bind(adapter);
  const characters = new Set<string>();
  const asText = async (given: object | string) => {
    const result = await query(given);
    for (const field of (result.fields ?? []).filter(({ dataTypeID }) => dataTypeID === 18)) {
      characters.add(field.name);
      field.dataTypeID = 25;
    }
    return result;
  };
  Object.assign(pool, { query: asText });
  adapter.queryRaw = async (given) => {
    const result = await queryRaw(given);
    const types = result.columnNames.map((name, index) =>
      characters.has(name) ? ColumnTypeEnum.Character : result.columnTypes[index],
    );
    return { ...result, columnTypes: types.filter((type) => type !== undefined) };
  };
  adapter.executeScript = async (script) => void (await pool.query(script));
  return adapter;
}
