// One open transaction of the serial adapter. It ends exactly once, whatever happens, and lets the next caller in;
// nothing that arrives after its end, or after SQLite ended it, reaches the database. It does not begin itself.
import type { SqlDriverAdapter, SqlQuery, Transaction } from '@prisma/driver-adapter-utils';
import { DriverAdapterError } from '@prisma/driver-adapter-utils';
import type { SqliteConnection } from './sqlite.ts';

/** Wraps a transaction that has just begun on the connection. `leave` is called once, when it has ended. */
export function createSerialTransaction(parts: {
  readonly inner: SqlDriverAdapter;
  readonly connection: SqliteConnection;
  readonly leave: () => void;
}): Transaction {
  const { inner, connection, leave } = parts;
  let ended = false;

  /**
   * Without this, a statement that nobody awaited would run alone, or inside the next caller's transaction, and so
   * would everything that follows a rollback SQLite made by itself (disk full, I/O error) or a raw COMMIT.
   */
  const mustBeOpen = () => {
    if (!ended && connection.open && connection.inTransaction) return;
    throw new DriverAdapterError({
      kind: 'TransactionAlreadyClosed',
      cause:
        'this transaction is over (committed, rolled back or timed out): await every call inside its callback',
    });
  };
  const run = async (sql: string) => {
    mustBeOpen();
    await inner.executeRaw({ sql, args: [], argTypes: [] });
  };
  const end = () => {
    if (ended) return;
    ended = true;
    try {
      // A COMMIT that failed (a deferred foreign key, a full disk) may leave the transaction open.
      if (connection.open && connection.inTransaction) connection.exec('ROLLBACK');
    } finally {
      leave();
    }
  };
  return {
    provider: inner.provider,
    adapterName: inner.adapterName,
    // Prisma then leaves COMMIT and ROLLBACK to the two methods below instead of sending them as statements.
    options: { usePhantomQuery: true },
    async queryRaw(query: SqlQuery) {
      mustBeOpen();
      return inner.queryRaw(query);
    },
    async executeRaw(query: SqlQuery) {
      mustBeOpen();
      return inner.executeRaw(query);
    },
    async commit() {
      try {
        await run('COMMIT');
      } finally {
        end();
      }
    },
    async rollback() {
      end();
    },
    createSavepoint: (name) => run(`SAVEPOINT ${name}`),
    rollbackToSavepoint: (name) => run(`ROLLBACK TO ${name}`),
    releaseSavepoint: (name) => run(`RELEASE SAVEPOINT ${name}`),
  };
}
