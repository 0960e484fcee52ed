// One open transaction of the serial adapter. It ends exactly once, whatever happens, and lets the next caller in;
// nothing that arrives after its end, or after SQLite ended it, reaches the database. It does not begin itself.
import type { SqlDriverAdapter, SqlQuery, SqlResultSet, Transaction } from '@prisma/driver-adapter-utils';
import { DriverAdapterError } from '@prisma/driver-adapter-utils';
import { crashPoint } from '../crash-point.ts';
import type { SqliteConnection } from './connection.ts';

export interface SerialTransactionParts {
  readonly inner: SqlDriverAdapter;
  readonly connection: SqliteConnection;
  /** Lets the next caller in; called once, when the transaction has ended. */
  readonly leave: () => void;
}

/** A transaction that has just begun on the connection. */
export class SerialTransaction implements Transaction {
  readonly provider: SqlDriverAdapter['provider'];
  readonly adapterName: string;
  /** Prisma then leaves COMMIT and ROLLBACK to the methods below instead of sending them as statements. */
  readonly options = { usePhantomQuery: true };
  readonly #parts: SerialTransactionParts;
  #hasEnded = false;

  constructor(parts: SerialTransactionParts) {
    this.provider = parts.inner.provider;
    this.adapterName = parts.inner.adapterName;
    this.#parts = parts;
  }

  async queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    this.#mustBeOpen();
    return this.#parts.inner.queryRaw(query);
  }

  async executeRaw(query: SqlQuery): Promise<number> {
    this.#mustBeOpen();
    return this.#parts.inner.executeRaw(query);
  }

  async commit(): Promise<void> {
    try {
      crashPoint('client:before-commit');
      await this.#run('COMMIT');
      crashPoint('client:after-commit');
    } finally {
      this.#end();
    }
  }

  async rollback(): Promise<void> {
    this.#end();
  }

  createSavepoint(name: string): Promise<void> {
    return this.#run(`SAVEPOINT ${name}`);
  }

  rollbackToSavepoint(name: string): Promise<void> {
    return this.#run(`ROLLBACK TO ${name}`);
  }

  releaseSavepoint(name: string): Promise<void> {
    return this.#run(`RELEASE SAVEPOINT ${name}`);
  }

  async #run(sql: string): Promise<void> {
    await this.executeRaw({ sql, args: [], argTypes: [] });
  }

  /**
   * Without this, a statement that nobody awaited would run alone, or inside the next caller's transaction, and so would
   * everything that follows a rollback SQLite made by itself (disk full, I/O error) or a raw COMMIT.
   */
  #mustBeOpen(): void {
    const { connection } = this.#parts;
    if (!this.#hasEnded && connection.open && connection.inTransaction) return;
    throw new DriverAdapterError({
      kind: 'TransactionAlreadyClosed',
      cause:
        'this transaction is over (committed, rolled back or timed out): await every call inside its callback',
    });
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const { connection, leave } = this.#parts;
    try {
      // A COMMIT that failed (a deferred foreign key, a full disk) may leave the transaction open.
      if (connection.open && connection.inTransaction) connection.exec('ROLLBACK');
    } finally {
      leave();
    }
  }
}
