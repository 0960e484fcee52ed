// The command line of chaos: every wrong option is named, and ends it with a status of its own.
import { describe, expect, test } from 'vitest';
import { readChaosConfig } from '../scripts/chaos/config.ts';
import { createDeck, createRandom } from '../scripts/chaos/random.ts';
import { commandOf } from '../scripts/chaos/report.ts';
import { spawnNode } from './helpers.ts';

describe('options', () => {
  test.each([
    ['an unknown flag', ['--sede', '1'], /Unknown argument: sede/],
    ['a bare number', ['--duration', '30'], /--duration: expected a duration such as 500ms/],
    ['no time at all', ['--duration', '0s'], /--duration: expected a duration from 1s to 1h, got "0s"/],
    ['a negative number of kills', ['--kills=-1'], /--kills: expected a whole number/],
    [
      'a seed that is no number',
      ['--seed', 'x'],
      /--seed: expected a whole number from 0 to 4294967295, got "x"/,
    ],
    ['a seed twice', ['--seed', '1', '--seed', '2'], /--seed was given more than once/],
    ['a missing value', ['--seed'], /Not enough arguments following: seed/],
    ['a word', ['everything'], /everything/],
    ['another database', ['--database', 'mysql://x'], /--database: expected sqlite, postgres or a URL/],
    ['no relayer', ['--relayers', '0'], /--relayers: expected a whole number from 1 to 8, got "0"/],
    ['kills in a soak', ['--soak', '1m', '--kills', '5'], /Arguments soak and kills are mutually exclusive/],
  ])('%s is refused by name', async (_what, args, message) => {
    await expect(readChaosConfig(args)).rejects.toMatchObject({ code: 'ERR_CHAOS_USAGE' });
    await expect(readChaosConfig(args)).rejects.toThrow(message);
  });

  test('a wrong one ends the command with status 2 and one line', async () => {
    const run = spawnNode('build/scripts/chaos/main.js', ['--duration', 'long']);
    expect(await run.exited).toBe(2);
    expect(run.stdout).toBe('');
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
  });

  test('--help names every option and status', async () => {
    expect(await readChaosConfig(['--help'])).toMatch(
      /Exit status.*--seed.*--duration.*--kills.*--relayers.*--soak.*--database.*--keep.*--forget/s,
    );
  });

  test('the command that repeats a run on a server names no password', async () => {
    const settings = await readChaosConfig(['--database', 'postgres://me:secret@db.test:5433/postgres']);
    if (typeof settings === 'string') expect.unreachable();
    else expect(commandOf(settings)).toMatch(/ --database postgres:\/\/me@db\.test:5433\/postgres$/);
  });

  test('without any, a run lasts 30 s, with a kill a second, under a seed of its own', async () => {
    const first = await readChaosConfig([]);
    const second = await readChaosConfig([]);
    expect(first).toMatchObject({ durationMs: 30_000, kills: 30, relayers: 2, soak: false, keep: false });
    expect(first).not.toEqual(second);
  });

  test('many kills take the time that they need, 0.3 s each', async () => {
    expect(await readChaosConfig(['--kills', '1000'])).toMatchObject({ durationMs: 300_000, kills: 1_000 });
    expect(await readChaosConfig(['--kills', '1000', '--duration', '1m'])).toMatchObject({
      durationMs: 60_000,
    });
  });

  test('a soak kills nobody', async () => {
    expect(await readChaosConfig(['--soak', '30m'])).toMatchObject({
      durationMs: 1_800_000,
      kills: 0,
      soak: true,
    });
  });

  test.each([
    ['of a run', ['--seed', '7', '--duration', '90s', '--forget']],
    ['of a soak', ['--seed', '7', '--soak', '90s', '--relayers', '3']],
  ])('the command that is printed repeats it: %s', async (_what, args) => {
    const settings = await readChaosConfig(args);
    if (typeof settings === 'string') throw new Error('this was no call for help');
    const words = commandOf(settings).split(' ').slice(4);
    expect(await readChaosConfig(words)).toEqual(settings);
  });
});

describe('chance', () => {
  test('a seed repeats a stream, and streams are different', () => {
    const draw = (seed: number, stream: string) => {
      const random = createRandom(seed, stream);
      return Array.from({ length: 20 }, () => random.next());
    };
    expect(draw(1, 'kills')).toEqual(draw(1, 'kills'));
    expect(draw(1, 'kills')).not.toEqual(draw(2, 'kills'));
    expect(draw(1, 'kills')).not.toEqual(draw(1, 'trouble'));
  });

  test('a deck deals every card as often as its weight before it starts again', () => {
    const cards = [
      { name: 'a', weight: 1 },
      { name: 'b', weight: 3 },
    ];
    const deal = createDeck(createRandom(1, 'deck'), cards);
    for (let round = 0; round < 5; round++) {
      const dealt = [deal(), deal(), deal(), deal()].map(({ name }) => name);
      expect(dealt.sort()).toEqual(['a', 'b', 'b', 'b']);
    }
  });
});
