// A process killed or stopped at each of the named moments at which that could do harm. `npm run test:deep` tries every
// passage of each up to a bound, in every scene; OUTBOX_CRASH_POINT tries one again.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot, tempDirectory } from '../helpers.ts';
import { isDeep, onlyCrashPoint, patienceMs, progressOf } from '../repeatable.ts';
import { armedBuild, crashPointFile, doesNothing } from './armed-build.ts';
import { allLaps, lapsOfEveryDay, playAll } from './rounds.ts';

const build = path.join(projectRoot, 'build');

test('in a release a crash point does nothing, and nothing can arm it', () => {
  expect(doesNothing(readFileSync(path.join(build, crashPointFile), 'utf8'))).toBe(true);
});

describe('nothing is armed', () => {
  const otherBuild = (change: (file: string) => void) => {
    const copy = tempDirectory();
    cpSync(path.join(build, 'apps'), path.join(copy, 'apps'), { recursive: true });
    change(path.join(copy, crashPointFile));
    return copy;
  };

  test('where the module to replace is not there', () => {
    const renamed = otherBuild((file) => rmSync(file));
    expect(() => armedBuild(renamed)).toThrow('nothing can be armed');
  });

  test.each(['export function crashPoint(name) { report(name); }', 'export const crashPoint = null;', ''])(
    'where it does something: %s',
    (code) => {
      const changed = otherBuild((file) => writeFileSync(file, code));
      expect(() => armedBuild(changed)).toThrow('is not the one function that does nothing');
    },
  );
});

test(
  'a process that is killed or stopped at any crash point loses nothing',
  async () => {
    const laps = isDeep ? allLaps(onlyCrashPoint) : lapsOfEveryDay(onlyCrashPoint);
    expect(laps.length).toBeGreaterThan(0);
    const problems = await playAll(armedBuild(), laps, progressOf('laps of crash points', laps.length));
    const [point] = problems[0]?.split(',') ?? [];
    const again = `OUTBOX_CRASH_POINT=${point} npx vitest run ${isDeep ? '--mode deep ' : ''}test/crash`;
    expect(problems, `repeat with: ${again}`).toEqual([]);
  },
  // On a machine with much else to do a minute is too short for some eighty crashes.
  3 * patienceMs,
);
