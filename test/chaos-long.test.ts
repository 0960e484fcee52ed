// Chaos for long, from a new seed: many kills, storms, and a soak. Part of `npm run test:deep`; skipped in `npm test`, which
// has the short run of chaos.test.ts.
import { afterAll, describe, expect, test } from 'vitest';
import { endChaos, startChaos } from './chaos-run.ts';
import { isDeep, patienceMs, seed, tellProgress } from './repeatable.ts';

afterAll(endChaos, patienceMs);

describe.skipIf(!isDeep)('for long (part of npm run test:deep)', () => {
  test.each([
    ['with many kills', ['--kills', '400']],
    ['with many kills of a single relayer', ['--kills', '150', '--relayers', '1']],
    ['in a soak', ['--soak', '3m']],
  ])(
    'chaos holds %s',
    async (_what, args) => {
      const run = startChaos('--seed', String(seed), ...args);
      run.child.stdout?.on('data', (text: Buffer) => tellProgress(text.toString('utf8').trimEnd()));
      expect(await run.exited, run.said()).toBe(0);
    },
    patienceMs,
  );
});
