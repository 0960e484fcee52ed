// The parts of a benchmark that take long, as small as they can be. Part of `npm run test:deep`; skipped in `npm test`, which
// tests what they are made of.
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { BenchResult } from '../scripts/bench/run.ts';
import { startBench } from './bench-run.ts';
import { isDeep } from './repeatable.ts';

describe.skipIf(!isDeep)('for long (part of npm run test:deep)', () => {
  test('events are delivered from a table that was filled for size, and arrival is told against the smallest', async () => {
    const { run, temp, left } = startBench(
      ...[
        '--only',
        'flat',
        '--sizes',
        '50',
        '--processed',
        '500',
        '--pending',
        '100',
        '--runs',
        '1',
        '--json',
      ],
    );
    expect(await run.exited, run.stderr).toBe(0);
    const result: BenchResult = JSON.parse(run.stdout);
    const names = result.measures.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('flat.50.'))).toHaveLength(6);
    expect(names.filter((name) => name.startsWith('flat.processed-500.'))).toHaveLength(11);
    for (const { name, median } of result.measures)
      expect({ name, isMeasured: median > 0 }).toEqual({ name, isMeasured: true });
    expect(left()).toEqual([]);
    expect(readdirSync(temp)).toEqual([]);
  }, 120_000);

  test('an application is timed in both its ways, alone and beside a relayer that drains', async () => {
    const { run, temp, left } = startBench('--only', 'writer', '--runs', '1', '--json');
    expect(await run.exited, run.stderr).toBe(0);
    const result: BenchResult = JSON.parse(run.stdout);
    const figures = ['alone.p50', 'alone.p99', 'draining.p50', 'draining.p99', 'ratio.p50', 'ratio.p99'];
    expect(result.measures.map(({ name }) => name)).toEqual(
      ['writer.client', 'writer'].flatMap((way) => figures.map((figure) => `${way}.${figure}`)),
    );
    for (const { name, median, samplesPerRun } of result.measures)
      expect({ name, isMeasured: median > 0, samplesPerRun }).toEqual({
        name,
        isMeasured: true,
        samplesPerRun: 500,
      });
    expect(left()).toEqual([]);
    expect(readdirSync(temp)).toEqual([]);
  }, 180_000);
});
