// One transaction of the adapter: it knows whether it is over, and whether the server would really commit it. It begins nothing.
import {
  DriverAdapterError,
  type SqlQuery,
  type SqlResultSet,
  type Transaction,
} from '@prisma/driver-adapter-utils';
import { OutboxError } from '../outbox-error.ts';

/**
 * A transaction whose calls after its end are refused, and whose COMMIT throws ERR_OUTBOX_ROLLED_BACK when it would roll back. After a
 * statement that failed PostgreSQL answers COMMIT with a rollback, and with no error: a callback that caught that failure would be told
 * that its invoice and its event are committed. Here it is an error.
 */
export class DurableTransaction implements Transaction {
  readonly provider: Transaction['provider'];
  readonly adapterName: string;
  readonly options: Transaction['options'];
  readonly #inner: Transaction;
  #isOver = false;
  #failure: unknown;

  constructor(inner: Transaction) {
    this.provider = inner.provider;
    this.adapterName = inner.adapterName;
    this.options = inner.options;
    this.#inner = inner;
  }

  queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    return this.#watched(() => this.#inner.queryRaw(query));
  }

  async executeRaw(query: SqlQuery): Promise<number> {
    const isCommit = /^\s*(?:COMMIT|END)\b/i.test(query.sql);
    if (isCommit && this.#failure !== undefined && !this.#isOver) await this.#mustStillCommit();
    const done = this.#watched(() => this.#inner.executeRaw(query));
    if (isCommit || /^\s*(?:ROLLBACK|ABORT)\s*(?:;\s*)?$/i.test(query.sql)) this.#isOver = true;
    return done;
  }

  /** Prisma has sent COMMIT by now: the connection goes back to the pool. */
  commit(): Promise<void> {
    this.#isOver = true;
    return this.#inner.commit();
  }

  rollback(): Promise<void> {
    this.#isOver = true;
    return this.#inner.rollback();
  }

  async createSavepoint(name: string): Promise<void> {
    await this.#watched(async () => this.#inner.createSavepoint?.(name));
  }

  async rollbackToSavepoint(name: string): Promise<void> {
    await this.#watched(async () => this.#inner.rollbackToSavepoint?.(name));
  }

  async releaseSavepoint(name: string): Promise<void> {
    await this.#watched(async () => this.#inner.releaseSavepoint?.(name));
  }

  async #watched<Result>(statement: () => Promise<Result>): Promise<Result> {
    // A connection that went back to the pool may be inside somebody else's transaction by now.
    if (this.#isOver) {
      throw closed(
        'this transaction is over (committed, rolled back or timed out): await every call inside its callback',
      );
    }
    try {
      return await statement();
    } catch (error) {
      this.#failure ??= error;
      throw error;
    }
  }

  /** A failure behind a savepoint, or one that never reached the server, spoils nothing: the server is asked. */
  async #mustStillCommit(): Promise<void> {
    try {
      await this.#inner.executeRaw({ sql: 'SELECT 1', args: [], argTypes: [] });
    } catch {
      // Prisma only gives the connection back after this, and the next transaction must not find it aborted.
      this.#isOver = true;
      await this.#inner.executeRaw({ sql: 'ROLLBACK', args: [], argTypes: [] });
      throw new OutboxError(
        'ERR_OUTBOX_ROLLED_BACK',
        'nothing was committed: PostgreSQL rolled the transaction back, since one of its statements had failed. ' +
          'Let that error leave the callback of $transaction, or guard the statement with a SAVEPOINT',
        { cause: this.#failure },
      );
    }
  }
}

function closed(cause: string): DriverAdapterError {
  return new DriverAdapterError({ kind: 'TransactionAlreadyClosed', cause });
}
