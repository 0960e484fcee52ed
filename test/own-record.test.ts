// What a relayer records of its own start when the server goes away at that very moment.
import { expect, test } from 'vitest';
import { DatabaseTrouble } from '../apps/outbox/database-trouble.ts';
import type { LogEntry } from '../apps/outbox/log-entry.ts';
import { thisProcess } from '../apps/outbox/this-process.ts';
import { recordStart } from '../apps/relayer/own-record.ts';
import { FakeClock } from './fake-clock.ts';
import { MemoryLog } from './relayer-rig.ts';

async function start(facts: () => Promise<Readonly<Record<string, string | number>>>) {
  const clock = new FakeClock();
  const entries: LogEntry[] = [];
  const recorded = recordStart(
    {
      settings: { 'drain-timeout': 1 },
      slot: { name: '03' },
      database: { facts },
      store: { log: async (entry) => void entries.push(entry) },
      ...{ clock, log: new MemoryLog() },
    },
    0,
  );
  const end = recorded.then(
    () => 'recorded',
    (error: unknown) => error,
  );
  await clock.advance(10);
  return { end: await end, entries };
}

test('a server that ends the connection does not end a relayer that has just started', async () => {
  const away = new DatabaseTrouble({ kind: 'passing', code: '57P01', message: 'terminating connection' });
  const { end, entries } = await start(() => Promise.reject(away));
  expect(end).toBe('recorded');
  expect(entries).toMatchObject([{ kind: 'relayer_started', detail: { slot: '03', pid: thisProcess.pid } }]);
});

test('a mistake of ours is not taken for one', async () => {
  const mistake = new TypeError('a mistake');
  expect((await start(() => Promise.reject(mistake))).end).toBe(mistake);
});
