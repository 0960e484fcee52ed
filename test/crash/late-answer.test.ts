// A sandbox that stands still for longer than a relayer waits, as on a machine with too much to do: what the relayer has sent
// meanwhile is accepted when nobody waits for it any more, and is sent again. That is on record, and explains it.
import { expect, test } from 'vitest';
import { readEvidence } from '../../scripts/chaos/evidence.ts';
import { repeatsOf } from '../../scripts/chaos/repeat-causes.ts';
import { waitFor } from '../helpers.ts';
import { armedBuild } from './armed-build.ts';
import { atLeast, justDelivering } from './scene.ts';
import { patienceMs } from './setting.ts';
import { breaches, judge } from './verdict.ts';
import { createWorld } from './world.ts';
import { addInvoices, holds, isDone } from './world-data.ts';

test('an event that is accepted after its relayer has given up is sent again, and the relayer has said so', async () => {
  const world = await createWorld(armedBuild(), { setting: justDelivering, signal: 'SIGSTOP' });
  const isSettled = () => holds(world, isDone(world));
  await atLeast(world, 1);
  await addInvoices(world, 1);
  await waitFor('a relayer that delivers', isSettled, patienceMs);
  const keys = await addInvoices(world, 2);
  // This thread is the sandbox, too: it reads nothing from here on.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, world.timing.requestTimeoutMs + 700);
  await waitFor('their acceptance', isSettled, patienceMs);

  judge(world);
  const evidence = readEvidence(world.folder);
  expect(repeatsOf(evidence.ledger.accepted).map(({ key }) => key)).toEqual(
    expect.arrayContaining([...keys]),
  );
  expect(world.record.of('gave up').map(({ key }) => key)).toEqual(expect.arrayContaining([...keys]));
  const withoutWord = evidence.record.filter(({ kind }) => kind !== 'gave up');
  expect(breaches(world, { ...evidence, record: withoutWord }).map(({ name }) => name)).toEqual([
    'repeats-are-explained',
  ]);
  await world.end();
}, 60_000);
