// The bench command on PostgreSQL, as small as it can be: that it counts right, and leaves no database even when it is killed. Part of
// `npm run test:deep`: on SQLite it is tested every day.
import { readdirSync } from 'node:fs';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { BenchResult } from '../../scripts/bench/run.ts';
import { startBench } from '../bench-run.ts';
import { waitFor } from '../helpers.ts';
import { postgresUrl } from '../postgres-database.ts';
import { isDeep } from '../repeatable.ts';

async function databases() {
  const client = new pg.Client({ connectionString: postgresUrl ?? '' });
  await client.connect();
  onTestFinished(() => client.end());
  return async () => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT datname AS name FROM pg_database WHERE datname LIKE 'outbox_bench_%'`,
    );
    return rows.map(({ name }) => name);
  };
}

describe.skipIf(postgresUrl === null || !isDeep)('a benchmark on PostgreSQL', () => {
  test('drains a small backlog in a database of its own, and drops it', async () => {
    const names = await databases();
    const before = await names();
    const { run, temp, left } = startBench(
      ...['--database', postgresUrl ?? '', '--pending', '200', '--runs', '1', '--only', 'drain', '--json'],
    );
    expect(await run.exited, run.stderr).toBe(0);
    const result: BenchResult = JSON.parse(run.stdout);
    expect(result.settings).toMatchObject({ runs: 1, pending: 200, engine: 'postgres' });
    expect(result.settings).not.toHaveProperty('serverUrl');
    for (const { name, median } of result.measures) {
      expect({ name, isMeasured: median > 0 }).toEqual({ name, isMeasured: true });
    }
    expect(result.measures.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['drain.rate', 'drain.steady', 'drain.cpu', 'drain.memory']),
    );
    expect((await names()).filter((name) => !before.includes(name))).toEqual([]);
    expect(left()).toEqual([]);
    expect(readdirSync(temp)).toEqual([]);
  });

  test.each([
    { part: 'flat', more: ['--sizes', '50', '--processed', '500', '--pending', '100'], measures: 17 },
    {
      part: 'relayers',
      more: ['--relayers', '2', '--gateway-latency', '1ms', '--pending', '100'],
      measures: 4,
    },
    { part: 'bloat', more: ['--lasting', '5s'], measures: 40 },
  ])(
    'measures $part as small as it can be, and leaves nothing behind',
    async ({ part, more, measures }) => {
      const names = await databases();
      const before = await names();
      const { run, temp, left } = startBench(
        ...['--database', postgresUrl ?? '', '--only', part, '--runs', '1', '--json', ...more],
      );
      expect(await run.exited, run.stderr).toBe(0);
      const result: BenchResult = JSON.parse(run.stdout);
      // Of a server elsewhere the CPU cannot be seen, and here none for a few milliseconds of work.
      const seen = result.measures.filter(({ name }) => !name.includes('.cpu-server'));
      expect(seen).toHaveLength(measures);
      expect(result.measures.filter(({ name }) => !name.startsWith(`${part}.`))).toEqual([]);
      expect(seen.filter(({ median }) => !Number.isFinite(median))).toEqual([]);
      expect((await names()).filter((name) => !before.includes(name))).toEqual([]);
      expect(left()).toEqual([]);
      expect(readdirSync(temp)).toEqual([]);
    },
    120_000,
  );

  test('that is killed leaves no database', async () => {
    const names = await databases();
    const before = await names();
    const made = async () => (await names()).filter((name) => !before.includes(name));
    const { run } = startBench('--database', postgresUrl ?? '', '--only', 'latency');
    await waitFor('its database', async () => (await made()).length > 0);
    run.child.kill('SIGKILL');
    await waitFor('its database to be dropped', async () => (await made()).length === 0);
  });
});
