// A new schema of the test database as the store contract wants it, and stores on it.
import { onTestFinished } from 'vitest';
import { connectPostgres } from '../../apps/outbox/postgres/connection.ts';
import { postgresStore } from '../../apps/outbox/postgres/store.ts';
import type { OutboxStore } from '../../apps/outbox/store.ts';
import { insertPostgresEvent, newOutbox, postgresRow } from '../postgres-database.ts';
import type { ContractDatabase } from '../store-contract-steps.ts';

/** A store on a pool of its own, as a relayer opens it; closed when the test has finished. */
export function openPostgresStore({ url, table = 'events' }: { url: string; table?: string }): OutboxStore {
  const store = postgresStore(
    connectPostgres({ url, table, synchronousCommit: 'off', applicationName: 'outbox-test' }),
  );
  onTestFinished(() => store.close());
  return store;
}

/** An outbox under the given name of its table, beside whatever `beside` creates. */
export async function postgresContractDatabase(table = 'events', beside = ''): Promise<ContractDatabase> {
  const { url, client } = await newOutbox(table);
  if (beside !== '') await client.query(beside);
  return {
    open: async () => openPostgresStore({ url, table }),
    append: (columns) => insertPostgresEvent(client, columns, table),
    read: (seq) => postgresRow(client, seq, table),
    async spoilPayload(seq) {
      await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${table}_payload_is_json_object`);
      await client.query(`UPDATE ${table} SET payload = '{"cut' WHERE seq = $1`, [seq]);
    },
  };
}
