// Opens an outbox in an SQLite file for a relayer: brings the file up to date, or says why it is not fit, and joins what SQLite
// offers to the seam of all engines.
import { systemClock } from '../clock.ts';
import { explained } from '../database-error.ts';
import { prepareDatabase } from '../migrate.ts';
import type { OutboxDatabase } from '../outbox-database.ts';
import type { RelayerSlots } from '../relayer-slot.ts';
import { openDatabase } from './connection.ts';
import { rememberFile } from './file-identity.ts';
import { acquireSlot, tryAcquireConfirm, tryAcquireSlot } from './relayer-slot.ts';
import { isSlotAlive } from './relayers-alive.ts';
import { type SqliteStore, sqliteStore } from './store.ts';
import { startWake } from './wake.ts';

// A statement waits 2 ms for another process's write, with the event loop standing still; then the loop asks again (bad-days.ts).
// A commit checkpoints from 8 MiB of WAL (2,000 pages) on; the writer's own net is much higher.
const connection = { synchronous: 'NORMAL', busyTimeoutMs: 2, autocheckpointPages: 2_000 } as const;

/** Throws what `prepareDatabase` and `openDatabase` throw. */
export async function openSqliteOutbox(given: {
  readonly file: string;
  readonly table: string;
}): Promise<OutboxDatabase> {
  const { file, table } = given;
  await prepareDatabase(file, { outboxTable: table });
  const identity = rememberFile(file);
  const store = sqliteStore(await openDatabase(file, { ...connection, table }));
  return {
    ...{ engine: 'sqlite', name: file, store, slots: sqliteSlots(file), clock: systemClock },
    ...sqliteHabits(file, store),
    assertSame: identity.assertSame,
    close: store.close,
  };
}

/** What a relayer asks of the database beside the store's verbs. Exported for tests that bring their own store. */
export function sqliteHabits(
  file: string,
  store: SqliteStore,
): Pick<OutboxDatabase, 'facts' | 'watch' | 'tidyUp' | 'explained'> {
  return {
    facts: async () => ({ ...store.facts() }),
    watch: (woken, log) =>
      startWake({ woken, databaseFile: file, dataVersion: store.dataVersion, clock: systemClock, log }),
    tidyUp: async () => store.checkpoint(),
    explained: (error) => explained(file, error),
  };
}

/** The slots of a database file: locks on files beside it. */
export function sqliteSlots(file: string): RelayerSlots {
  const own = new Set<string>();
  return {
    async acquire() {
      const slot = acquireSlot(file);
      own.add(slot.name);
      return slot;
    },
    tryAcquire: async (name) => tryAcquireSlot(file, name),
    tryAcquireConfirm: async () => tryAcquireConfirm(file),
    // Opening the lock file of one's own slot could drop the lock.
    alive: async (names) => names.filter((name) => own.has(name) || isSlotAlive(file, name)),
  };
}
