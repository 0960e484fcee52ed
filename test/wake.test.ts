// The hint that somebody has committed: it comes for every commit of another process, and for nothing else.
import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempDirectory, waitFor } from './helpers.ts';
import { insertEvent, newDatabaseFile, openStore, plainConnection } from './outbox-database.ts';
import { countWakes, startCommitter } from './wake-rig.ts';

describe('commits of another process that syncs each one', () => {
  test('wake for every single one, and are visible then', async () => {
    const file = newDatabaseFile();
    const store = await openStore(file);
    const commit = await startCommitter(file);
    let visible = 0;
    const onWake = () => {
      void store.counts().then(({ pending }) => {
        visible = pending;
      });
    };
    countWakes({ databaseFile: file, dataVersion: store.dataVersion, onWake });
    for (let n = 1; n <= 60; n++) {
      commit();
      // There is no poll interval here: a missed hint is never made up for.
      await waitFor(`the wake for commit ${n}`, () => visible === n, 5_000);
    }
  });

  test('wake through a symbolic link too, although the -wal lies beside the real file', async () => {
    const folder = tempDirectory();
    const file = newDatabaseFile(folder);
    const link = path.join(folder, 'elsewhere', 'linked.db');
    mkdirSync(path.dirname(link));
    symlinkSync(file, link);
    const store = await openStore(link);
    const commit = await startCommitter(file);
    const { seen } = countWakes({ databaseFile: link, dataVersion: store.dataVersion });
    commit();
    await waitFor('the wake', () => seen.wakes === 1, 5_000);
  });
});

test('its own commits wake nobody', async () => {
  const file = newDatabaseFile();
  const store = await openStore(file);
  const { seen } = countWakes({ databaseFile: file, dataVersion: store.dataVersion });
  for (let n = 0; n < 20; n++) await store.log({ kind: 'fenced', detail: { n }, nowMs: 0 });
  insertEvent(plainConnection(file));
  await waitFor('the wake for the commit of another connection', () => seen.wakes > 0);
  expect(seen.wakes).toBe(1);
});

test('without file events it says so and leaves the work to the poll interval', () => {
  const databaseFile = path.join(tempDirectory(), 'missing', 'events.db');
  const { seen } = countWakes({ databaseFile, dataVersion: () => 1 });
  expect(seen.log.lines).toMatchObject([
    { level: 'warn', message: 'no file events here, relying on the poll interval' },
  ]);
});
