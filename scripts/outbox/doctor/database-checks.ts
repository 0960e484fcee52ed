// What the doctor asks of the database itself: SQLite, journal, write-ahead log, schema, indexes, and the way of a claim.
import { commandName } from '../../../apps/outbox/command-name.ts';
import { standingOfDatabase } from '../../../apps/outbox/migrate.ts';
import { isPostgresUrl } from '../../../apps/outbox/postgres/address.ts';
import {
  compareVersions,
  oldestSafeVersion,
  type SqliteConnection,
} from '../../../apps/outbox/sqlite/connection.ts';
import { sizeOf } from '../../../apps/outbox/sqlite/quiet-read.ts';
import { turnStatements } from '../../../apps/outbox/sqlite/turn-statements.ts';
import type { OpenOutbox } from '../open-outbox.ts';
import { bytesText, numberText, spanText } from '../wording.ts';
import { caution, type Finding, ok, wrong } from './finding.ts';
import { unusable } from './unusable.ts';
import type { WalProgress } from './wal-index.ts';

/** Whose database it is, and whether its tables are those of this release. Looks before the database is opened. */
export async function checkSchema(url: string, table: string): Promise<Finding> {
  try {
    const standing = await standingOfDatabase(url, { outboxTable: table, onlyReads: true });
    if (standing.kind === 'adopted')
      return ok('schema', "another application's database, with outbox tables that fit");
    if (standing.pending.length === 0) return ok('schema', 'every migration of this release is applied');
    const says = `lacks ${standing.pending.join(', ')}`;
    return wrong('schema', says, 'start the applications of this release, or run npm run db:migrate');
  } catch (error) {
    return unusable('schema', error, isPostgresUrl(url) ? 'postgres' : 'sqlite');
  }
}

export function checkSqlite(db: SqliteConnection): Finding {
  const version = String(db.prepare('SELECT sqlite_version()').pluck().get());
  return compareVersions(version, oldestSafeVersion) < 0
    ? wrong(
        'sqlite',
        `SQLite ${version} can corrupt a database that two processes share`,
        'run "npm ci" again',
      )
    : ok('sqlite', `SQLite ${version}`);
}

export function checkJournal(db: SqliteConnection): Finding {
  const mode = String(db.pragma('journal_mode', { simple: true }));
  return mode === 'wal'
    ? ok('journal', 'write-ahead log (WAL)')
    : caution('journal', `journal_mode is ${mode}`, 'start the applications: they switch it to WAL');
}

const largeWalBytes = 100_000_000;

/** The size of the log, and whether a reader keeps it from being copied back. */
export function checkWal(file: string, progress: WalProgress | null): Finding {
  const bytes = sizeOf(`${file}-wal`);
  const left = progress === null ? 0 : progress.frames - progress.copied;
  const copied =
    progress === null || progress.frames === 0
      ? ''
      : `, ${numberText(progress.copied)} of ${numberText(progress.frames)} pages copied back`;
  const says = `${bytesText(bytes)}${copied}`;
  if (bytes < largeWalBytes) return ok('wal', says);
  return left === 0
    ? caution('wal', says, 'nothing, if there was just a burst or a backup: it shrinks in a quiet moment')
    : caution('wal', says, 'find what reads for so long (a forgotten sqlite3 shell, a report) and end it');
}

/** The indexes that the outbox's table has on either engine. */
export const indexNames = (table: string): readonly string[] => indexes.map((name) => `${table}_${name}`);

const indexes = ['id', 'due', 'leased', 'waiting', 'confirmed', 'unconfirmed', 'dead', 'business', 'created'];

export function checkIndexes(db: SqliteConnection, table: string): Finding {
  const found = db.prepare(`SELECT name FROM pragma_index_list(?)`).pluck().all(table).map(String);
  const missing = indexNames(table).filter((name) => !found.includes(name));
  if (missing.length === 0) return ok('indexes', 'all are there');
  const says = `not there: ${missing.join(', ')}`;
  return caution(
    'indexes',
    says,
    `add them (${commandName.outbox} sql prints them): some work grows with the table`,
  );
}

/** A claim that walks the table costs more with every event that was ever there. */
export function checkClaim(db: SqliteConnection, table: string): Finding {
  const plan = db
    .prepare(`EXPLAIN QUERY PLAN ${turnStatements(db).claim.source}`)
    .all({ leaseId: '', leaseEndsAtMs: 0, dueByMs: 0, exceptSeqs: '[]', slots: 1 }) as { detail: string }[];
  const steps = plan.map(({ detail }) => detail).filter((detail) => !detail.includes('json_each'));
  if (steps.some((step) => step.includes(`INDEX ${table}_due`)))
    return ok('claim', `goes through ${table}_due`);
  return wrong(
    'claim',
    `does not use the index ${table}_due: ${steps.join('; ')}`,
    'add the index, as above',
  );
}

const tolerableMs = 60_000;

/** Events from the future show a clock that was set back. */
export async function checkEventClock({ store }: OpenOutbox, nowMs: number): Promise<Finding> {
  const request = { filter: {}, order: 'newest', beyondSeq: null, limit: 1, nowMs } as const;
  const [newest] = await store.list(request);
  const aheadMs = newest === undefined ? 0 : newest.createdAtMs - nowMs;
  return aheadMs > tolerableMs
    ? caution(
        'clock',
        `the newest event was created ${spanText(aheadMs)} from now`,
        'check NTP: the clock was set back',
      )
    : ok('clock', 'no event is from the future');
}
