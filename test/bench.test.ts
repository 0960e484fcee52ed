// The bench command as a person runs it, as small as it can be: that it counts right and leaves nothing behind. No time is judged.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { BenchResult } from '../scripts/bench/run.ts';
import { startBench } from './bench-run.ts';
import { waitFor } from './helpers.ts';

test('a small drain is measured against the limit, on the same bytes, and written down', async () => {
  const { run, temp, out, left } = startBench('--pending', '200', '--runs', '1', '--only', 'drain', '--json');
  expect(await run.exited, run.stderr).toBe(0);
  const result: BenchResult = JSON.parse(run.stdout);
  expect(result.settings).toMatchObject({ runs: 1, pending: 200, relayers: 1 });
  for (const { name, runs, median } of result.measures) {
    expect({ name, runs, isMeasured: median > 0 }).toEqual({ name, runs: 1, isMeasured: true });
  }
  expect(result.measures.map(({ name }) => name)).toEqual(
    expect.arrayContaining(
      [
        ...['rate', 'limit', 'ratio', 'limit-pool', 'ratio-pool', 'limit-turns', 'ratio-turns'],
        ...['cpu', 'memory'],
      ].map((name) => `drain.${name}`),
    ),
  );
  expect(
    readdirSync(out)
      .map((name) => path.extname(name))
      .sort(),
  ).toEqual(['.json', '.svg']);
  const written = readdirSync(out).find((name) => name.endsWith('.json')) ?? '';
  expect(JSON.parse(readFileSync(path.join(out, written), 'utf8'))).toEqual(result);
  expect(left()).toEqual([]);
  expect(readdirSync(temp)).toEqual([]);
});

test('an interrupted run ends with status 130 and leaves neither process nor file', async () => {
  const { run, temp, out, left } = startBench('--only', 'latency');
  await waitFor('a relayer runs', () => left().some(({ command }) => command.includes('relayer')));
  run.child.kill('SIGINT');
  expect(await run.exited, run.stderr).toBe(130);
  expect(left()).toEqual([]);
  expect([...readdirSync(temp), ...readdirSync(out)]).toEqual([]);
});

test('several relayers on a slow gateway are measured against what their slots allow', async () => {
  const { run, temp, left } = startBench(
    ...['--only', 'slots', '--gateway-latency', '5ms', '--relayers', '2', '--concurrency', '2'],
    ...['--runs', '1', '--json'],
  );
  expect(await run.exited, run.stderr).toBe(0);
  const result: BenchResult = JSON.parse(run.stdout);
  expect(result.measures.map(({ name }) => name)).toEqual(['slots.5ms.2x2.rate', 'slots.5ms.2x2.ratio']);
  for (const { median, samplesPerRun } of result.measures) {
    expect({ isMeasured: median > 0, samplesPerRun }).toEqual({ isMeasured: true, samplesPerRun: 1_200 });
  }
  expect(left()).toEqual([]);
  expect(readdirSync(temp)).toEqual([]);
});

test('relayers that share a backlog deliver each event once, and their shares are told', async () => {
  const { run, temp, left } = startBench(
    ...['--only', 'relayers', '--gateway-latency', '1ms', '--relayers', '2', '--pending', '200'],
    ...['--runs', '1', '--json'],
  );
  expect(await run.exited, run.stderr).toBe(0);
  const result: BenchResult = JSON.parse(run.stdout);
  const medians = Object.fromEntries(result.measures.map(({ name, median }) => [name, median]));
  expect(Object.keys(medians)).toEqual(
    ['rate', 'fewest', 'most', 'cpu'].map((name) => `relayers.1ms.2.${name}`),
  );
  expect((medians['relayers.1ms.2.fewest'] ?? 0) + (medians['relayers.1ms.2.most'] ?? 0)).toBe(200);
  expect(left()).toEqual([]);
  expect(readdirSync(temp)).toEqual([]);
});
