// The first request of a process leaves before the others are begun.
import { expect, test } from 'vitest';
import { firstAhead } from '../apps/relayer/first-ahead.ts';
import { FakeClock } from './fake-clock.ts';

test('the first task runs at once, the others after I/O was looked at, and later ones at once', async () => {
  const clock = new FakeClock();
  const run = firstAhead(clock);
  const ran: string[] = [];
  for (const name of ['first', 'second', 'third']) run(() => ran.push(name));
  expect(ran).toEqual(['first']);
  await clock.settle();
  expect(ran).toEqual(['first', 'second', 'third']);
  run(() => ran.push('later'));
  expect(ran.at(-1)).toBe('later');
});
