// When SQLite's wake looks at the database after a file event, by a clock that a test owns.
import { watch, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { FakeClock } from './fake-clock.ts';
import { tempDirectory, waitFor } from './helpers.ts';
import { countWakes } from './wake-rig.ts';

/** A folder with a file that can be touched, a version that can be changed, and a clock that stands still. */
function scene(change: Partial<Parameters<typeof countWakes>[0]> = {}) {
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

  test('whoever is quiet looks several times a millisecond, until it has seen a commit', async () => {
    const { clock, state, seen, touch } = scene({ isQuiet: true });
    await touch('events.db-wal');
    await clock.settle();
    const before = state.looks;
    await clock.advance(0.75);
    expect(state.looks - before).toBe(7);
    state.version += 1;
    await clock.advance(0.1);
    expect([state.looks - before, seen.wakes]).toEqual([8, 1]);
    await clock.advance(0.8);
    expect(state.looks - before).toBe(8);
    await clock.advance(0.3);
    expect(state.looks - before).toBe(9);
  });

  test('whoever is quiet rests, too, when no commit is to be seen', async () => {
    const { clock, state, touch } = scene({ isQuiet: true });
    await touch('events.db-wal');
    await clock.advance(5_000);
    // One as it started, one at once, 16 short ones, and the 13 others of the ladder.
    expect(state.looks).toBe(1 + 1 + 16 + 13);
    const { looks } = state;
    await clock.advance(3_600_000);
    expect(state.looks).toBe(looks);
  });

  test('events without end do not make anybody look several times a millisecond without end', async () => {
    const { clock, state, touch } = scene({ isQuiet: true });
    for (let n = 0; n < 40; n++) {
      await touch('events.db-wal');
      await clock.advance(0.1);
    }
    // 16 short ones, and one a millisecond from then on.
    expect(state.looks).toBeLessThan(1 + 1 + 16 + 4);
  });

  test('whoever is not quiet leaves at least a millisecond between two looks', async () => {
    const { clock, state, touch } = scene({ isQuiet: false });
    await touch('events.db-wal');
    await clock.settle();
    const before = state.looks;
    await clock.advance(0.9);
    expect(state.looks).toBe(before);
  });

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
