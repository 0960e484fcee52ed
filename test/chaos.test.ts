// Chaos itself on trial: a short real run holds, and whatever is broken on purpose makes the verdict fail. It starts real
// processes for about half a minute; run it alone with: npx vitest run test/chaos.test.ts
import { cpSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { arenaFiles } from '../scripts/chaos/evidence.ts';
import { invariants } from '../scripts/chaos/invariants.ts';
import { reconcile } from '../scripts/chaos/reconcile.ts';
import { linesOf, readRecord } from '../scripts/chaos/record.ts';
import { type ChaosRun, endChaos, resultFile, startChaos } from './chaos-run.ts';
import { tamperings } from './chaos-tampering.ts';
import { tempDirectory, waitFor } from './helpers.ts';
import { plainConnection } from './outbox-database.ts';

const runLimitMs = 150_000;

afterAll(endChaos, runLimitMs);

describe('a run', () => {
  let good: ChaosRun;
  let forgetful: ChaosRun;

  beforeAll(async () => {
    good = startChaos('--seed', '1', '--duration', '5s', '--keep');
    forgetful = startChaos('--seed', '1', '--soak', '2s', '--forget');
    await Promise.all([good.exited, forgetful.exited]);
  }, runLimitMs);

  test('holds', async () => {
    expect(await good.exited, good.said()).toBe(0);
    expect(good.said()).toMatch(/^lost +0$/m);
    expect(good.said()).toContain('HELD');
    expect(resultFile(good, 'svg')).toMatch(/^<svg.*>HELD<.*kill -9 relayer.*<\/svg>\n$/s);
    expect(good.leftProcesses()).toEqual([]);
  });

  test('fails when the sandbox forgets what it acknowledged, and names what was lost', async () => {
    expect(await forgetful.exited, forgetful.said()).toBe(1);
    expect(forgetful.said()).toMatch(/^BROKEN: committed-is-accepted$/m);
    const [breach] = reconcile(forgetful.keptFolder()).broken;
    expect(forgetful.said()).toContain(`for example: ${breach?.example}`);
    expect(JSON.parse(resultFile(forgetful, 'json'))).toMatchObject({ isHeld: false, broken: [breach] });
    expect(forgetful.leftProcesses()).toEqual([]);
  });

  test('can be judged again from its files alone, even when outbox_log has forgotten', () => {
    const folder = tempDirectory();
    cpSync(good.keptFolder(), folder, { recursive: true });
    const before = reconcile(folder);
    const copied = linesOf(readRecord(path.join(folder, arenaFiles.record)), 'report').map(({ id }) => id);
    const db = plainConnection(path.join(folder, arenaFiles.database));
    const forgotten = db.prepare('DELETE FROM outbox_log WHERE id <= ?').run(Math.max(...copied)).changes;
    expect(forgotten).toBeGreaterThan(copied.length);
    const { broken, totals } = reconcile(folder);
    expect(broken).toEqual([]);
    expect(totals).toEqual(before.totals);
    expect(totals).toMatchObject({ lost: 0, repeatsBy: { nothing: 0 } });
    expect(totals.fenced).toBeGreaterThan(0);
  });

  test.each(tamperings)('is broken when $what', ({ invariant, spoil }) => {
    const folder = tempDirectory();
    cpSync(good.keptFolder(), folder, { recursive: true });
    spoil(folder);
    expect(reconcile(folder).broken.map(({ name }) => name)).toContain(invariant);
  });

  test('has no invariant but that of a damaged file without such a proof', () => {
    const proven = new Set(tamperings.map(({ invariant }) => invariant));
    const unproven = invariants.map(({ name }) => name).filter((name) => !proven.has(name));
    expect(unproven).toEqual(['database-intact']);
  });
});

test(
  'leaves neither process nor folder, whether it held, was interrupted, or was itself killed',
  async () => {
    const held = startChaos('--seed', '2', '--soak', '2s');
    const interrupted = startChaos('--seed', '2');
    const killed = startChaos('--seed', '2');
    const isRunning = ({ leftProcesses }: ChaosRun) =>
      leftProcesses().some((command) => command.includes('relayer'));
    await waitFor('both are running', () => isRunning(interrupted) && isRunning(killed), runLimitMs);
    interrupted.child.kill('SIGINT');
    killed.child.kill('SIGKILL');
    await killed.exited;
    expect(await interrupted.exited, interrupted.said()).toBe(3);
    expect(await held.exited, held.said()).toBe(0);
    await waitFor('the killed run was cleared up after', () => killed.leftFiles().length === 0, 30_000);
    for (const run of [held, interrupted, killed]) {
      expect(run.leftFiles()).toEqual([]);
      expect(run.leftProcesses().filter((command) => !command.includes('warden'))).toEqual([]);
    }
  },
  runLimitMs,
);
