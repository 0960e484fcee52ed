// What the store contract is run on: one schema with our tables for all cases, emptied before each, and stores that keep their connections from case to case, as a relayer keeps them from turn to turn.
import type pg from 'pg';
import { onTestFinished } from 'vitest';
import { sqlForTable } from '../../apps/outbox/outbox-table.ts';
import { connectPostgres } from '../../apps/outbox/postgres/connection.ts';
import { postgresStore } from '../../apps/outbox/postgres/store.ts';
import type { OutboxStore } from '../../apps/outbox/store.ts';
import {
  createSchema,
  emptyingSql,
  insertPostgresEvent,
  postgresRow,
  postgresSchemaSql,
} from '../postgres-database.ts';
import type { ContractDatabase } from '../store-contract-steps.ts';

/** A store on a pool of its own, as a relayer opens it. The caller closes it. */
export function postgresStoreOn(url: string, table = 'events'): OutboxStore {
  return postgresStore(
    connectPostgres({ url, table, synchronousCommit: 'off', applicationName: 'outbox-test' }),
  );
}

/** Creates the schema, under the given name of the table, beside whatever `beside` creates; `empty` prepares it for the next case. */
export async function contractSchema({ table = 'events', beside = '' } = {}) {
  const { url, client, drop } = await createSchema();
  await client.query(`SET synchronous_commit = off; ${beside}; ${sqlForTable(postgresSchemaSql(), table)}`);
  const stores: OutboxStore[] = [];
  const inTurn = oneAtATime();
  return {
    async empty(): Promise<ContractDatabase> {
      await client.query(emptyingSql(table));
      let opened = 0;
      return {
        async open() {
          const store = stores[opened] ?? postgresStoreOn(url, table);
          stores[opened] = store;
          opened += 1;
          return store;
        },
        append: (columns) => inTurn(() => insertPostgresEvent(client, columns, table)),
        read: (seq) => inTurn(() => postgresRow(client, seq, table)),
        spoilPayload: (seq) => spoilPayload(client, { table, seq }),
      };
    },
    async drop() {
      await Promise.all(stores.map((store) => store.close()));
      await drop();
    },
  };
}

/** The contract asks for several rows at once, and pg's client will refuse a query while it is busy with another (from version 9 on). */
function oneAtATime() {
  let before: Promise<unknown> = Promise.resolve();
  return <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = before.then(work);
    before = result.catch(() => {});
    return result;
  };
}

/** Here no setting suspends a CHECK: it is gone until the test has finished. */
async function spoilPayload(client: pg.Client, { table, seq }: { table: string; seq: number }) {
  const name = `${table}_payload_is_json_object`;
  const { rows } = await client.query<{ definition: string }>(
    `SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conrelid = '${table}'::regclass AND conname = $1`,
    [name],
  );
  await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`);
  onTestFinished(async () => {
    await client.query(
      `DELETE FROM ${table}; ALTER TABLE ${table} ADD CONSTRAINT ${name} ${rows[0]?.definition}`,
    );
  });
  await client.query(`UPDATE ${table} SET payload = '{"cut' WHERE seq = $1`, [seq]);
}
