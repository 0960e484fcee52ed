// PostgreSQL's store, held to the contract of all stores, on its own table and on one of another name beside somebody else's `events`.
import { beforeAll, describe } from 'vitest';
import { describeOnPostgres } from '../postgres-database.ts';
import { storeContract } from '../store-contract.ts';
import { contractSchema } from './contract-database.ts';

describeOnPostgres('on PostgreSQL', () => {
  contract('PostgreSQL');
  // Every statement that named `events` would fail here: the table of that name has no column of ours.
  contract('PostgreSQL, table outbox_events', {
    table: 'outbox_events',
    beside: 'CREATE TABLE events (title TEXT)',
  });
});

function contract(name: string, options: Parameters<typeof contractSchema>[0] = {}) {
  describe(name, () => {
    let schema: Awaited<ReturnType<typeof contractSchema>>;
    beforeAll(async () => {
      schema = await contractSchema(options);
      return () => schema.drop();
    });
    storeContract(name, () => schema.empty());
  });
}
