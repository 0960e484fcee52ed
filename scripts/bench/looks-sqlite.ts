// What a benchmark asks of an outbox on SQLite: short looks through connections of their own, and how both sides set the engine.
import Database from 'better-sqlite3';
import { openDatabase } from '../../apps/outbox/sqlite/connection.ts';
import { versionOf } from './machine.ts';
import type { Stock, StockAbout } from './stock.ts';

type Looks = Pick<Stock, 'pendingIn' | 'processedIn' | 'processedTimes' | 'leftIn' | 'claimedKeys'>;

export const looksAtSqlite: Looks = {
  pendingIn(file) {
    const db = new Database(file, { readonly: true, timeout: 5_000 });
    const any = db
      .prepare(`SELECT 1 FROM events WHERE status = 'pending' AND available_at < ? LIMIT 1`)
      .pluck();
    return async () => {
      if (!db.open) return false;
      const isPending = any.get(Date.now() + 3_600_000) !== undefined;
      if (!isPending) db.close();
      return isPending;
    };
  },
  async processedIn(file) {
    return count(file, `status = 'processed'`);
  },
  async processedTimes(file, limit) {
    const found = rows(
      file,
      `SELECT id, processed_at AS at FROM events WHERE processed_at IS NOT NULL ORDER BY seq DESC LIMIT ${limit}`,
    ) as readonly { readonly id: string; readonly at: string }[];
    return new Map(found.map(({ id, at }) => [id, Date.parse(at)]));
  },
  leftIn: async (file) => ({
    waiting: count(file, `status = 'pending' AND lease_id IS NULL`),
    claimed: count(file, `status = 'pending' AND lease_id IS NOT NULL`),
  }),
  async claimedKeys(file) {
    const found = rows(
      file,
      `SELECT id || key_suffix AS key FROM events WHERE status = 'pending' AND lease_id IS NOT NULL`,
    ) as readonly { readonly key: string }[];
    return found.map(({ key }) => key);
  },
};

function count(file: string, where: string): number {
  const [row] = rows(file, `SELECT count(*) AS n FROM events WHERE ${where}`) as readonly { n: number }[];
  return row?.n ?? Number.NaN;
}

function rows(file: string, statement: string): readonly unknown[] {
  const db = new Database(file, { readonly: true, timeout: 5_000 });
  try {
    return db.prepare(statement).all();
  } finally {
    db.close();
  }
}

/** The version and the pragmas of both sides as SQLite itself tells them. */
export async function aboutSqlite(file: string): Promise<StockAbout> {
  const pragmas: Record<string, string> = {};
  let sqlite = '';
  for (const [side, synchronous] of [
    ['relayer', 'NORMAL'],
    ['writer', 'FULL'],
  ] as const) {
    const db = await openDatabase(file, { synchronous, busyTimeoutMs: 5_000, autocheckpointPages: 1_000 });
    const names = ['journal_mode', 'synchronous', 'page_size', 'cache_size', 'journal_size_limit'] as const;
    pragmas[side] = names.map((name) => `${name}=${db.pragma(name, { simple: true })}`).join(' ');
    sqlite = String(db.prepare('SELECT sqlite_version()').pluck().get());
    db.close();
  }
  return { versions: { sqlite, 'better-sqlite3': versionOf('better-sqlite3') }, pragmas };
}
