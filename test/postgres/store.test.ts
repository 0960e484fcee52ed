// PostgreSQL's store, held to the contract of all stores, on its own table and on one of another name beside somebody else's `events`.
import { describeOnPostgres } from '../postgres-database.ts';
import { storeContract } from '../store-contract.ts';
import { postgresContractDatabase } from './contract-database.ts';

describeOnPostgres('on PostgreSQL', () => {
  storeContract('PostgreSQL', () => postgresContractDatabase());

  // Every statement that named `events` would fail here: the table of that name has no column of ours.
  storeContract('PostgreSQL, table outbox_events', () =>
    postgresContractDatabase('outbox_events', 'CREATE TABLE events (title TEXT)'),
  );
});
