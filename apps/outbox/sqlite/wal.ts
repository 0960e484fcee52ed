// The write-ahead log as far as the relayer tends it: has somebody committed, and copying it back in a quiet moment.
import { realpathSync } from 'node:fs';
import { crashPoint } from '../crash-point.ts';
import type { SqliteConnection } from './connection.ts';
import { sizeOf } from './quiet-read.ts';

/** What only SQLite offers beside the store's verbs. */
export interface WalVerbs {
  /** A number that changes when another connection has committed; costs about 2.5 us. */
  dataVersion(): number;
  /**
   * Copies the WAL into the database file and empties it. Returns false when that was refused, since somebody reads or
   * writes: nothing is lost by it, and a later quiet moment will do.
   */
  checkpoint(): boolean;
}

/** How large the WAL is at this moment; 0 where there is none. SQLite follows symbolic links and keeps it beside the real file. */
export function walBytesOf(db: SqliteConnection): number {
  return sizeOf(`${realpathSync(db.name)}-wal`);
}

/** The verbs on an open connection. */
export function sqliteWal(db: SqliteConnection): WalVerbs {
  const dataVersion = db.prepare('PRAGMA data_version').pluck();
  return {
    dataVersion: () => Number(dataVersion.get()),
    checkpoint() {
      // Emptying it again would touch the file, and each touch is a wake that is followed by 14 looks: half of what an idle relayer took.
      if (walBytesOf(db) === 0) return true;
      crashPoint('wal:before-checkpoint');
      const isRefused = db.pragma('wal_checkpoint(truncate)', { simple: true }) !== 0;
      if (!isRefused) crashPoint('wal:after-checkpoint');
      return !isRefused;
    },
  };
}
