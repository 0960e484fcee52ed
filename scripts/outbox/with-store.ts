// Opens the outbox for one command and closes it again. It never creates a database: a typo in DATABASE_URL must not
// leave an empty file behind.
import { existsSync } from 'node:fs';
import process from 'node:process';
import { databaseFile, readEnvironment } from '../../apps/outbox/environment.ts';
import { prepareDatabase } from '../../apps/outbox/migrate.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import { outboxTable } from '../../apps/outbox/outbox-table.ts';
import { openDatabase } from '../../apps/outbox/sqlite.ts';
import { sqliteStore } from '../../apps/outbox/sqlite-store.ts';
import type { OutboxStore } from '../../apps/outbox/store.ts';

/** A person at a terminal can wait for the applications' short transactions. */
const busyTimeoutMs = 5_000;

/** Runs `use` with the store of DATABASE_URL. Throws OutboxError when there is no such outbox. */
export async function withStore<Result>(use: (store: OutboxStore) => Promise<Result>): Promise<Result> {
  const environment = readEnvironment({ variables: process.env, cwd: process.cwd() });
  const file = databaseFile(environment);
  const table = outboxTable(environment);
  if (!existsSync(file)) {
    throw new OutboxError(
      'ERR_OUTBOX_DATABASE_UNAVAILABLE',
      `there is no database at ${file}: set DATABASE_URL`,
    );
  }
  await prepareDatabase(file, { outboxTable: table });
  // FULL: what a person moved back must not be forgotten in a power cut.
  const db = await openDatabase(file, {
    synchronous: 'FULL',
    busyTimeoutMs,
    autocheckpointPages: 10_000,
    table,
  });
  const store = sqliteStore(db);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}
