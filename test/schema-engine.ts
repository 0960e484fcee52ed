// Prisma's own schema engine, as WebAssembly: the judge of what its command line would say about a database.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3';
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import { projectRoot } from './helpers.ts';

/**
 * The text of `prisma/schema.prisma`. Its computed defaults must not name their expressions: the engine (7.10) cannot
 * compare them on SQLite and would rebuild the table, without its CHECKs, in every later migration.
 */
export const schemaText = readFileSync(path.join(projectRoot, 'prisma', 'schema.prisma'), 'utf8');

/** All tables count. */
export const noFilters = { externalTables: [], externalEnums: [] };

const ownFolder = path.join(projectRoot, 'prisma', 'migrations');

/** The migrations of a folder as the command line hands them to the engine. */
export function migrationsList(folder: string, provider = 'sqlite') {
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return {
    baseDir: folder,
    lockfile: { path: 'migration_lock.toml', content: `provider = "${provider}"\n` },
    shadowDbInitScript: '',
    migrationDirectories: names
      .map(({ name }) => name)
      .sort()
      .map((name) => ({
        path: name,
        migrationFile: {
          path: 'migration.sql',
          content: {
            tag: 'ok' as const,
            value: readFileSync(path.join(folder, name, 'migration.sql'), 'utf8'),
          },
        },
      })),
  };
}

/** TypeScript declares it for browsers only. */
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: object,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

const instance = instantiate();

/** Runs a task on an engine of its own; afterwards no connection to the file is left. */
export async function withSchemaEngine<Result>(
  file: string,
  task: (engine: bindings.SchemaEngine) => Promise<Result>,
): Promise<Result> {
  const { factory, closeAll } = closable(new PrismaBetterSqlite3({ url: file }), withoutQuotedStrings);
  try {
    return await onEngine({ factory, schema: schemaText }, task);
  } finally {
    await closeAll();
  }
}

/** Runs a task on an engine that speaks through any adapter, for a schema of any provider. */
export async function onEngine<Result>(
  { factory, schema }: { readonly factory: SqlMigrationAwareDriverAdapterFactory; readonly schema: string },
  task: (engine: bindings.SchemaEngine) => Promise<Result>,
): Promise<Result> {
  await instance;
  const engine = await bindings.SchemaEngine.new(
    { datamodels: [['schema.prisma', schema]] },
    () => {},
    bindMigrationAwareSqlAdapterFactory(factory),
  );
  try {
    return await task(engine);
  } finally {
    engine.free();
  }
}

/** What `prisma migrate deploy` does with a folder of migrations. Returns the names of those it applied. */
export async function applyWithPrisma(file: string, folder = ownFolder): Promise<readonly string[]> {
  const result = await withSchemaEngine(file, (engine) =>
    engine.applyMigrations({ migrationsList: migrationsList(folder), filters: noFilters }),
  );
  return result.appliedMigrationNames;
}

/** What `prisma migrate status` bases its verdict on. */
export function diagnoseWithPrisma(file: string): Promise<bindings.DiagnoseMigrationHistoryOutput> {
  return withSchemaEngine(file, (engine) =>
    engine.diagnoseMigrationHistory({
      migrationsList: migrationsList(ownFolder),
      optInToShadowDatabase: true,
      filters: noFilters,
    }),
  );
}

/** The SQL that would turn the database into what a schema says, besides the history table. */
export function driftOf(file: string, schema: string): Promise<string> {
  return withSchemaEngine(file, (engine) => differenceTo(engine, schema));
}

/** The SQL that would turn the engine's database into what a schema says. */
export async function differenceTo(engine: bindings.SchemaEngine, schema: string): Promise<string> {
  const result = await engine.diff({
    from: { tag: 'schemaDatasource', files: [{ path: 'schema.prisma', content: schema }], configDir: '' },
    to: { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content: schema }] },
    script: true,
    exitCode: null,
    filters: noFilters,
  });
  return result.stdout ?? '';
}

/** The engine keeps its connections (on SQLite with an exclusive lock); here they can be closed. */
export function closable(
  inner: SqlMigrationAwareDriverAdapterFactory,
  mended: (adapter: SqlDriverAdapter) => SqlDriverAdapter = (adapter) => adapter,
) {
  const opened: SqlDriverAdapter[] = [];
  const keep = async (connecting: Promise<SqlDriverAdapter>) => {
    const adapter = mended(await connecting);
    opened.push(adapter);
    return adapter;
  };
  const factory: SqlMigrationAwareDriverAdapterFactory = {
    provider: inner.provider,
    adapterName: inner.adapterName,
    connect: () => keep(inner.connect()),
    connectToShadowDb: () => keep(inner.connectToShadowDb()),
  };
  return { factory, closeAll: () => Promise.all(opened.map((adapter) => adapter.dispose())) };
}

/** The engine writes one text in double quotes, which SQLite as better-sqlite3 compiles it takes for a column. */
function withoutQuotedStrings(adapter: SqlDriverAdapter): SqlDriverAdapter {
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = (query) =>
    queryRaw({ ...query, sql: query.sql.replace(/(type = 'index' AND name = )"([^"]*)"/, "$1'$2'") });
  return adapter;
}

async function instantiate(): Promise<void> {
  const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const wasm = readFileSync(path.join(path.dirname(entry), 'schema_engine_bg.wasm'));
  const { instance: created } = await WebAssembly.instantiate(wasm, { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(created.exports);
  const start = created.exports.__wbindgen_start;
  if (typeof start === 'function') start();
}
