// The hint that somebody has committed: it comes for every commit of another process, and for nothing else.
import { mkdirSync, symlinkSync, watch, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { WakeOptions } from '../apps/outbox/sqlite/wake.ts';
import { FakeClock } from './fake-clock.ts';
import { tempDirectory, waitFor } from './helpers.ts';
import { insertEvent, newDatabaseFile, openStore, plainConnection } from './outbox-database.ts';
import { countWakes, startCommitter } from './wake-rig.ts';

describe('commits of another process that syncs each one', () => {
  test('wake for every single one, and are visible then', async () => {
    const file = newDatabaseFile();
    const store = await openStore(file);
    const commit = await startCommitter(file);
    let visible = 0;
    const onChange = () => {
      void store.counts().then(({ pending }) => {
        visible = pending;
      });
    };
    countWakes({ databaseFile: file, dataVersion: store.dataVersion, onChange });
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

/** A folder with a file that can be touched, a version that can be changed, and a clock that stands still. */
function scene(change: Partial<WakeOptions> = {}) {
  const folder = tempDirectory();
  const file = path.join(folder, 'events.db');
  writeFileSync(file, '');
  const clock = new FakeClock();
  const state = { version: 1, looks: 0 };
  const dataVersion = () => {
    state.looks += 1;
    return state.version;
  };
  const { seen, stop } = countWakes({ databaseFile: file, dataVersion, clock, ...change });
  /** Touches a file and waits until the system has told of it. */
  const touch = async (name: string) => {
    let told = false;
    const watcher = watch(folder, (_event, changed) => {
      told ||= changed === name;
    });
    writeFileSync(path.join(folder, name), String(Math.random()));
    await waitFor(`the file event of ${name}`, () => told);
    watcher.close();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, state, seen, stop, touch };
}

describe('after a file event', () => {
  test.each([0, 1, 3, 20, 250, 500, 4_000])(
    'a commit that becomes visible %d ms later is seen',
    async (delayMs) => {
      const { clock, state, seen, touch } = scene();
      await touch('events.db-wal');
      clock.after(delayMs, () => {
        state.version += 1;
      });
      await clock.advance(5_000);
      expect(seen.wakes).toBe(1);
    },
  );

  test('it looks a few times at growing distances, then rests', async () => {
    const { clock, state, touch } = scene();
    await touch('events.db-wal');
    await clock.advance(5_000);
    expect(state.looks).toBeLessThan(18);
    const { looks } = state;
    await clock.advance(3_600_000);
    expect(state.looks).toBe(looks);
  });

  test('one unchanged look ends nothing, and a seen change does not either', async () => {
    const { clock, state, seen, touch } = scene();
    await touch('events.db-wal');
    for (let n = 0; n < 3; n++) {
      clock.after(5 + n * 100, () => {
        state.version += 1;
      });
    }
    await clock.advance(600);
    expect(seen.wakes).toBe(3);
  });

  test('a further event starts over', async () => {
    const { clock, state, seen, touch } = scene();
    await touch('events.db-wal');
    await clock.advance(500);
    await touch('events.db');
    clock.after(400, () => {
      state.version += 1;
    });
    await clock.advance(5_000);
    expect(seen.wakes).toBe(1);
  });

  test('of another file in the folder nobody looks', async () => {
    const { clock, state, touch } = scene();
    for (const name of ['other.txt', 'events.db-shm', 'events.db.relayer-00.lock', 'events.db-journal'])
      await touch(name);
    await clock.advance(600);
    expect(state.looks).toBe(1);
    await touch('events.db-wal');
    await clock.advance(600);
    expect(state.looks).toBeGreaterThan(1);
  });

  test('nobody looks any more once it was stopped', async () => {
    const { clock, state, stop, touch } = scene();
    await touch('events.db-wal');
    stop();
    await clock.advance(600);
    await touch('events.db-wal');
    await clock.advance(600);
    expect(state.looks).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  test('a look that fails wakes the loop, which knows what to do about a sick database', async () => {
    let isSick = false;
    const { clock, seen, touch } = scene({
      dataVersion: () => {
        if (isSick) throw new Error('disk I/O error');
        return 1;
      },
    });
    isSick = true;
    await touch('events.db-wal');
    await clock.advance(600);
    expect(seen.wakes).toBeGreaterThan(0);
    isSick = false;
    const { wakes } = seen;
    await touch('events.db-wal');
    await clock.advance(600);
    expect(seen.wakes).toBe(wakes);
  });
});

test('without file events it says so and leaves the work to the poll interval', () => {
  const databaseFile = path.join(tempDirectory(), 'missing', 'events.db');
  const { seen } = countWakes({ databaseFile, dataVersion: () => 1 });
  expect(seen.log.lines).toMatchObject([
    { level: 'warn', message: 'no file events here, relying on the poll interval' },
  ]);
});
