// The schemas and migrations that come with this package, as Prisma sees them: a folder name, SQL text and its SHA-256. It reads
// files; it touches no database.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from './environment.ts';

export interface Migration {
  /** The folder's name, which sorts by age. */
  readonly name: string;
  /** The path of its SQL, for people who apply it themselves. */
  readonly file: string;
  readonly sql: string;
  /** SHA-256 of the file in hexadecimal: what Prisma stores and compares. */
  readonly checksum: string;
}

/** The databases that there are migrations for. */
export type Engine = 'sqlite' | 'postgres';

const folders: Readonly<Record<Engine, string>> = {
  sqlite: path.join(packageRoot, 'prisma'),
  postgres: path.join(packageRoot, 'prisma', 'postgres'),
};

/** The text of our Prisma schema for an engine. */
export function readSchema(engine: Engine): string {
  return readFileSync(path.join(folders[engine], 'schema.prisma'), 'utf8');
}

/** Our migrations for an engine, oldest first. */
export function readMigrations(engine: Engine = 'sqlite'): readonly Migration[] {
  const folder = path.join(folders[engine], 'migrations');
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const file = path.join(folder, name, 'migration.sql');
      const bytes = readFileSync(file);
      return {
        ...{ name, file },
        sql: bytes.toString('utf8'),
        checksum: createHash('sha256').update(bytes).digest('hex'),
      };
    });
}

/** Those of the outbox itself, without the demo's: what another application adds to its own. */
export function outboxMigrations(engine: Engine = 'sqlite'): readonly Migration[] {
  return readMigrations(engine).filter(isOfOutbox);
}

const isOfOutbox = ({ sql }: Migration) => /"(?:events|outbox_log)["_]/.test(sql);

/** The outbox's part before the one that added a column to a table; null for a column that was there from the beginning. */
export function partBefore(
  added: { readonly table: string; readonly column: string },
  migrations: readonly Migration[],
): string | null {
  const parts = migrations.filter(isOfOutbox);
  const at = parts.findIndex(({ sql }) =>
    sql.includes(`ALTER TABLE "${added.table}" ADD COLUMN "${added.column}"`),
  );
  return parts[at - 1]?.name ?? null;
}

/** Where our form of a table is written down, for people who compare. */
export function recipeOf(table: string, migrations: readonly Migration[]): string {
  const source = migrations.find(({ sql }) => sql.includes(`CREATE TABLE "${table}"`));
  return source?.file ?? 'our migrations';
}
