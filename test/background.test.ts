// What goes on beside delivering, by the settings: what is switched off does nothing at all.
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sqliteSlots } from '../apps/outbox/sqlite/database.ts';
import { startBackground } from '../apps/relayer/background.ts';
import { guardedOwners } from '../apps/relayer/guarded-owners.ts';
import { Meters } from '../apps/relayer/status/meters.ts';
import { FakeClock } from './fake-clock.ts';
import { newDatabaseFile, openStore } from './outbox-database.ts';
import { MemoryLog } from './relayer-rig.ts';

const hourMs = 3_600_000;
const gateway = 'http://127.0.0.1:1/api/v1/projects/p';
const access = { baseUrl: 'http://127.0.0.1:1/api', projectId: 'p', apiKey: 'k', timeoutMs: 100 };

/** An hour of it. Returns how often it looked for unconfirmed events. */
async function anHour(confirmWindowMs: number) {
  const databaseFile = newDatabaseFile();
  const clock = new FakeClock();
  const store = await openStore(databaseFile);
  const stopping = new AbortController();
  let looks = 0;
  const tasks = startBackground({
    settings: { retention: 0, 'confirm-window': confirmWindowMs, 'status-port': 0, concurrency: 1 },
    relayer: { isGatewayOpen: true, wake() {} },
    calm: async () => {},
    ...{ meters: new Meters(clock), slot: { name: '00' }, pid: 1 },
    checked: Promise.resolve(),
    store: {
      ...store,
      unconfirmed: (request) => {
        looks += 1;
        return store.unconfirmed(request);
      },
    },
    ...{
      database: { engine: 'sqlite', name: databaseFile, slots: sqliteSlots(databaseFile) },
      access,
      gateway,
      clock,
      log: new MemoryLog(),
      signal: stopping.signal,
    },
  });
  // The service of reading back is loaded when it is needed.
  await import('../apps/relayer/confirm-service.ts');
  await clock.advance(hourMs);
  const hasLock = existsSync(`${databaseFile}.confirm.lock`);
  stopping.abort();
  await clock.settle();
  await Promise.all(tasks);
  return { looks, hasLock };
}

test('reading back goes on by itself, and with a window of 0 there is none of it', async () => {
  const on = await anHour(24 * hourMs);
  expect(on.looks).toBeGreaterThan(30);
  expect(on.hasLock).toBe(true);
  expect(await anHour(0)).toEqual({ looks: 0, hasLock: false });
});

test('the guard of owners is a part of the relayer unless it is switched off', async () => {
  const store = await openStore(newDatabaseFile());
  const parts = {
    ...{ access, gateway, store, clock: new FakeClock(), log: new MemoryLog() },
    calm: async () => {},
    signal: new AbortController().signal,
  };
  expect(guardedOwners({ ...parts, settings: { 'owner-guard': 'yes' } }).owners).toBeDefined();
  expect(guardedOwners({ ...parts, settings: { 'owner-guard': 'no' } })).toEqual({});
});
