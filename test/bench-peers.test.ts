// The peers' part of the bench: real processes that compete, with a peer that needs no library. Nothing is installed, and no time is judged.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { startGateway } from '../scripts/bench/gateway-link.ts';
import { createGround } from '../scripts/bench/ground.ts';
import { monotonicMs } from '../scripts/bench/monotonic.ts';
import { Pace } from '../scripts/bench/pace.ts';
import { type Competition, compete, type Field } from '../scripts/bench/peers/compete.ts';
import type { Variant } from '../scripts/bench/peers/peer.ts';
import { createPeerContestant } from '../scripts/bench/peers/peer-contestant.ts';
import { killAll } from '../scripts/chaos/heal.ts';
import { processesOf } from '../scripts/chaos/processes.ts';
import { projectRoot } from './helpers.ts';

const module = pathToFileURL(path.join(projectRoot, 'test/fixtures/fake-peer.mjs')).href;
const load = { pending: 60, trickled: 5, backlog: 200 } as const;
/** A dozen processes start in a row; each takes half a second when the machine is busy with others. */
const timeout = 60_000;

async function rig() {
  const ground = createGround();
  onTestFinished(async () => {
    await killAll(ground.folder);
    ground.remove();
  });
  const { environment } = ground;
  // So slow that a kill comes long before a backlog is done.
  const gateway = await startGateway({ latencyMs: 10, environment, logFile: ground.file('gateway.log') });
  const said: string[] = [];
  const interruption = new AbortController();
  const contestant = async (name: string, variant: Variant) => {
    const place = { modules: '', database: ground.file(name), prefix: '' };
    const setup = { peer: name, ground, module, variant, place, baseUrl: gateway.baseUrl };
    return (await createPeerContestant(setup)).contestant;
  };
  const run = (field: Pick<Field, 'ours' | 'others' | 'works'>): Promise<Competition> =>
    compete(
      {
        ...{ gateway, signal: interruption.signal, pace: new Pace(monotonicMs) },
        say: (text) => void said.push(text),
      },
      { ...field, load, times: 1, leftOut: [] },
    );
  return { ground, contestant, run, said, interruption };
}

test('contestants do the same work in turn; what a dead worker held and nobody takes up is counted', {
  timeout,
}, async () => {
  const { ground, contestant, run } = await rig();
  const [ours, other] = [await contestant('ours', 'default'), await contestant('other', 'tuned')];
  const works = ['drain', 'latency', 'recovery'] as const;
  const { runs, leftOut } = await run({ ours, others: [other], works });
  expect(leftOut).toEqual([]);
  const [mine] = runs.get('ours.default') ?? [];
  const [theirs] = runs.get('other.tuned') ?? [];
  for (const done of [mine, theirs]) {
    expect(done?.drain).toMatchObject({ isCut: false, serverUsPerEvent: null });
    expect(done?.drain?.perSecond).toBeGreaterThan(0);
    expect(done?.drain?.cpuUsPerEvent).toBeGreaterThan(0);
    expect(done?.drain?.bodyBytes).toBeGreaterThan(load.pending * 500);
    expect(done?.trickle?.p99Ms).toBeGreaterThanOrEqual(done?.trickle?.p50Ms ?? Number.NaN);
    expect(done?.kill?.nextMs).toBeGreaterThan(0);
  }
  expect(mine?.drain?.bodyBytes).toBe(theirs?.drain?.bodyBytes);
  expect(mine?.kill).toMatchObject({ stranded: 0, strandedSent: 0 });
  // Four at a time; the kill may come between the end of one and the beginning of the next.
  expect(theirs?.kill?.stranded).toBeGreaterThanOrEqual(3);
  expect(theirs?.kill?.stranded).toBeLessThanOrEqual(4);
  await Promise.all([ours.end(), other.end()]);
  expect(processesOf(ground.folder).filter(({ command }) => !command.includes('gateway'))).toEqual([]);
});

test('a peer whose worker does not work is left out by name, and the others go on', { timeout }, async () => {
  const { contestant, run, said } = await rig();
  const ours = await contestant('ours', 'default');
  const others = [await contestant('broken', 'tuned'), await contestant('other', 'tuned')];
  const { runs, leftOut } = await run({ ours, others, works: ['drain'] });
  expect(leftOut).toEqual([{ name: 'broken, tuned', why: expect.stringContaining('no worker today') }]);
  expect(said).toContainEqual(expect.stringContaining('broken, tuned is left out: '));
  expect([...runs.keys()]).toEqual(['ours.default', 'other.tuned']);
});

test('without a peer that works, and when ours does not, there is no result', { timeout }, async () => {
  const { contestant, run } = await rig();
  const [good, broken] = [await contestant('good', 'tuned'), await contestant('broken', 'tuned')];
  const works = ['drain'] as const;
  const noPeer = run({ ours: good, others: [broken], works });
  await expect(noPeer).rejects.toThrow(/no peer could be measured; broken, tuned: .*no worker today/);
  await expect(run({ ours: broken, others: [good], works })).rejects.toThrow(
    /^(?!no peer could be measured).*no worker today/,
  );
});

test('an interrupted competition ends at once', async () => {
  const { contestant, run, interruption } = await rig();
  const [ours, other] = [await contestant('ours', 'default'), await contestant('other', 'tuned')];
  const running = run({ ours, others: [other], works: ['drain', 'recovery'] });
  interruption.abort();
  await expect(running).rejects.toMatchObject({ code: 'ERR_BENCH_INTERRUPTED' });
});
