// Connections to PostgreSQL the one way this project makes them: a small pool, statements prepared once per connection, integers as
// numbers, every error as a DatabaseTrouble that names neither a password nor a row. It knows nothing of tables.
import pg from 'pg';
import { defaultTable, sqlForTable } from '../outbox-table.ts';
import { postgresAddress } from './address.ts';
import { renewablePool } from './pool.ts';
import { isOfLine, isSilence, troubleOfPostgres } from './trouble.ts';

/** Runs statements, on whichever connection is free or inside one transaction. */
export interface Queries {
  /** The rows of a statement. Throws DatabaseTrouble. */
  query<Row>(statement: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** How many rows a statement changed. Throws DatabaseTrouble. */
  run(statement: string, values?: readonly unknown[]): Promise<number>;
}

export interface PostgresConnection extends Queries {
  /** Runs `work` in a transaction of its own (READ COMMITTED) and returns its result once it is committed. What `work` throws rolls back. */
  transaction<Result>(work: (tx: Queries) => Promise<Result>, given?: TransactionOptions): Promise<Result>;
  /** The same for `work` that only reads: all of it sees one moment (REPEATABLE READ). */
  snapshot<Result>(work: (tx: Queries) => Promise<Result>): Promise<Result>;
  /** Opens others instead of those there are, which get a few seconds to finish: somebody knows that the way to the server is broken. */
  renew(): void;
  /** Ends every connection, once those that are busy have finished, or after a few seconds. */
  close(): Promise<void>;
}

export interface TransactionOptions {
  /** It has lifted the server's limit for its statements (`SET LOCAL statement_timeout = 0`): then no answer is waited for in vain. Default false. */
  readonly isUnhurried?: boolean;
}

export interface ConnectOptions {
  readonly url: string;
  /**
   * `on`: what a person or an application committed survives a crash of the server. `off`: the newest 0.6 s may not, which
   * loses no event (the relayer: it would merely send again under the same key).
   */
  readonly synchronousCommit: 'on' | 'off';
  /** Shown by `pg_stat_activity`. */
  readonly applicationName: string;
  /** Most connections at once. Default 4: the loop's turn and what goes on beside it. */
  readonly connections?: number;
  /** The outbox's table, default `events`: every statement is meant for this one. */
  readonly table?: string;
  /**
   * Behind a proxy that pools by transaction nothing is prepared and nothing is set: both would meet, or change, a connection that is lent to
   * somebody else next. Default false.
   */
  readonly isPooled?: boolean;
  /** Whoever only looks: the server itself refuses every write. Default false. */
  readonly isReadOnly?: boolean;
  /** A statement is ended by the server after so long, and no longer waited for a little later. Default 30 s. */
  readonly statementTimeoutMs?: number;
}

const connectTimeoutMs = 5_000;
const usualStatementTimeoutMs = 30_000;
/** The server's own word that a statement took too long comes first, where there is still a way to it. */
const answerLateMs = 2_000;
/** 0 would mean the client's own default. */
const endless = 2 ** 31 - 1;
const int8 = 20;

/** Makes a pool; it connects when it is first used. Throws ERR_OUTBOX_CONFIG for a URL that is none. */
export function connectPostgres(options: ConnectOptions): PostgresConnection {
  const pool = renewablePool({
    connectionString: postgresAddress(options.url).url,
    max: options.connections ?? 4,
    application_name: options.applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 0,
    types: { getTypeParser: (oid, format) => (oid === int8 ? Number : pg.types.getTypeParser(oid, format)) },
    ...(options.isPooled === true ? {} : { onConnect: (client) => configure(client, options) }),
  });
  const prepared = statements(options);
  const longestMs = (options.statementTimeoutMs ?? usualStatementTimeoutMs) + answerLateMs;
  const queriesOn = (
    runner: () => Pick<pg.Pool | pg.PoolClient, 'query'>,
    deadlineMs = longestMs,
  ): Queries => {
    const ask = async (statement: string, values: readonly unknown[] = []) => {
      const asked = pool.current();
      try {
        const question = { ...prepared(statement), values: [...values], query_timeout: deadlineMs };
        return await runner().query(question);
      } catch (error) {
        if (isSilence(error)) pool.giveUp(asked);
        throw troubleOfPostgres(error);
      }
    };
    return {
      query: async <Row>(statement: string, values?: readonly unknown[]) =>
        (await ask(statement, values)).rows as readonly Row[],
      run: async (statement, values) => (await ask(statement, values)).rowCount ?? 0,
    };
  };
  const within = async <Result>(
    begin: string,
    work: (tx: Queries) => Promise<Result>,
    deadlineMs?: number,
  ): Promise<Result> => {
    const client = await pool
      .current()
      .connect()
      .catch((error: unknown) => {
        throw troubleOfPostgres(error);
      });
    let isBroken = false;
    try {
      const tx = queriesOn(() => client, deadlineMs);
      await tx.run(begin);
      const result = await work(tx);
      await tx.run('COMMIT');
      return result;
    } catch (error) {
      // Over a line that is silent or gone nothing can be rolled back: the server does it when it sees that.
      isBroken = isOfLine(error) || (await rollBack(client));
      throw error;
    } finally {
      client.release(isBroken);
    }
  };
  return {
    ...queriesOn(pool.current),
    transaction: (work, given) => within('BEGIN', work, given?.isUnhurried === true ? endless : undefined),
    snapshot: (work) => within('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', work),
    renew: () => pool.giveUp(pool.current()),
    close: pool.close,
  };
}

/** Whether it failed. */
function rollBack(client: pg.PoolClient): Promise<boolean> {
  const question = { text: 'ROLLBACK', query_timeout: answerLateMs };
  return client.query(question).then(
    () => false,
    () => true,
  );
}

async function configure(client: pg.ClientBase, options: ConnectOptions): Promise<void> {
  const timeout = Math.round(options.statementTimeoutMs ?? usualStatementTimeoutMs);
  const access = options.isReadOnly === true ? 'SET default_transaction_read_only = on; ' : '';
  const question = {
    text: `${access}SET synchronous_commit = ${options.synchronousCommit}; SET statement_timeout = ${timeout}; SET idle_in_transaction_session_timeout = ${timeout}; SET TIME ZONE 'UTC'`,
    query_timeout: connectTimeoutMs,
  };
  await client.query(question);
}

/** A name per text: the server parses and plans each statement once per connection. */
function statements({ table = defaultTable, isPooled = false }: ConnectOptions) {
  const known = new Map<string, { readonly name?: string; readonly text: string }>();
  return (statement: string) => {
    const found = known.get(statement);
    if (found !== undefined) return found;
    const isPrepared = !isPooled && !/^(?:BEGIN|COMMIT|ROLLBACK)/.test(statement);
    const made = {
      ...(isPrepared ? { name: `outbox_${known.size}` } : {}),
      text: sqlForTable(statement, table),
    };
    known.set(statement, made);
    return made;
  };
}
