// The SQLite store, held to the contract of all stores.
import { eventRow, insertEvent, newDatabaseFile, openStore, plainConnection } from './outbox-database.ts';
import { storeContract } from './store-contract.ts';
import type { ContractDatabase } from './store-contract-steps.ts';

storeContract('SQLite', async (): Promise<ContractDatabase> => {
  const file = newDatabaseFile();
  const plain = plainConnection(file);
  return {
    open: () => openStore(file, 1_000),
    append: async (columns) => insertEvent(plain, columns),
    read: async (seq) => {
      const exists = plain.prepare('SELECT 1 FROM events WHERE seq = ?').get(seq) !== undefined;
      return exists ? eventRow(plain, seq) : null;
    },
    spoilPayload: async (seq) => {
      plain.pragma('ignore_check_constraints = 1');
      plain.prepare(`UPDATE events SET payload = '{"cut' WHERE seq = ?`).run(seq);
      plain.pragma('ignore_check_constraints = 0');
    },
  };
});
