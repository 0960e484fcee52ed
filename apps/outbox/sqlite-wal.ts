// The write-ahead log as far as the relayer tends it: has somebody committed, and copying it back in a quiet moment.
import { crashPoint } from './crash-point.ts';
import type { SqliteConnection } from './sqlite.ts';

/** What only SQLite offers beside the store's verbs. */
export interface WalVerbs {
  /** A number that changes when another connection has committed; costs about 2.5 us. */
  dataVersion(): number;
  /** Copies the WAL into the database file as far as nobody reads it; `truncate` also empties it if it can. */
  checkpoint(mode: 'passive' | 'truncate'): void;
}

/** The verbs on an open connection. */
export function sqliteWal(db: SqliteConnection): WalVerbs {
  const dataVersion = db.prepare('PRAGMA data_version').pluck();
  return {
    dataVersion: () => Number(dataVersion.get()),
    checkpoint(mode) {
      crashPoint('wal:before-checkpoint');
      db.pragma(`wal_checkpoint(${mode})`);
      crashPoint('wal:after-checkpoint');
    },
  };
}
