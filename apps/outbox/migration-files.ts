// The migrations that come with this package, as Prisma sees them: a folder name, SQL text and its SHA-256. It reads
// files; it touches no database.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from './environment.ts';

export interface Migration {
  /** The folder's name, which sorts by age. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file in hexadecimal: what Prisma stores and compares. */
  readonly checksum: string;
}

const folder = path.join(packageRoot, 'prisma', 'migrations');

/** Our migrations, oldest first. */
export function readMigrations(): readonly Migration[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const bytes = readFileSync(migrationFile(name));
      return {
        name,
        sql: bytes.toString('utf8'),
        checksum: createHash('sha256').update(bytes).digest('hex'),
      };
    });
}

/** Those of the outbox itself, without the demo's: what another application adds to its own. */
export function outboxMigrations(): readonly Migration[] {
  return readMigrations().filter(({ sql }) => /"(?:events|outbox_log)"/.test(sql));
}

/** The path of a migration's SQL, for people who apply it themselves. */
export function migrationFile(name: string): string {
  return path.join(folder, name, 'migration.sql');
}
