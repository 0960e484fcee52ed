// The laps on trial: what spoils a world in which everything held makes its verdict fail, and what a crash puts on record is
// what the dead one held.
import { cpSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readEvidence } from '../../scripts/chaos/evidence.ts';
import { repeatsOf } from '../../scripts/chaos/repeat-causes.ts';
import { type Tampering, tamperings } from '../chaos-tampering.ts';
import { spawnNode, tempDirectory, waitFor } from '../helpers.ts';
import { armedBuild } from './armed-build.ts';
import { playLap } from './lap.ts';
import { justDelivering } from './scene.ts';
import { concurrency } from './setting.ts';
import { comeBack } from './standstill.ts';
import { breaches, judge, judgeWebhooks, lookWhileStopped } from './verdict.ts';
import { createWorld, type World } from './world.ts';
import { write } from './world-data.ts';

/** What a lap is asked in the end, and what it is asked at the moment of the crash as well. */
const asked = {
  inTheEnd: [
    ...['committed-is-accepted', 'committed-is-processed', 'repeats-are-explained', 'no-lease-left'],
    ...['ends-only-when-told', 'taken-over-at-once'],
  ],
  always: ['journalled-is-committed', 'one-event-per-invoice', 'accepted-is-committed', 'same-bytes'],
};

const passages = [{ point: 'relayer:after-acceptance', nth: 1 }] as const;

/** A copy of the world's folder, spoiled in one way. */
function spoilt({ folder }: World, { spoil }: Tampering): string {
  const copy = tempDirectory();
  cpSync(folder, copy, { recursive: true });
  spoil(copy);
  return copy;
}

/** All ways to break one of these invariants; there is one for each. */
function waysToBreak(names: readonly string[]): readonly Tampering[] {
  const ways = tamperings.filter(({ invariant }) => names.includes(invariant));
  expect(new Set(ways.map(({ invariant }) => invariant))).toEqual(new Set(names));
  return ways;
}

function wayTo(wanted: string): Tampering {
  const way = tamperings.find(({ what }) => what === wanted);
  if (way === undefined) throw new Error(`nobody knows how to bring about that ${wanted}`);
  return way;
}

test('a lap fails when what it left is spoiled, at the crash and in the end', async () => {
  const world = await createWorld(armedBuild(), { setting: justDelivering, signal: 'SIGKILL' });
  await playLap(world, { scene: 'delivery', signal: 'SIGKILL', passages });
  await judgeWebhooks(world);
  await world.haveRelayers(0);
  judge(world);

  const evidence = readEvidence(world.folder);
  const [kill] = world.record.of('kill');
  const repeated = repeatsOf(evidence.ledger.accepted).map(({ key }) => key);
  expect(new Set(kill?.estate?.held).size).toBe(concurrency);
  expect(repeated.length).toBeGreaterThan(0);
  expect(kill?.estate?.held).toEqual(expect.arrayContaining(repeated));

  for (const way of waysToBreak([...asked.inTheEnd, ...asked.always])) {
    const found = breaches(world, readEvidence(spoilt(world, way)));
    expect(
      found.map(({ name }) => name),
      way.what,
    ).toContain(way.invariant);
  }
  for (const way of waysToBreak(asked.always)) {
    const folder = spoilt(world, way);
    expect(() => lookWhileStopped({ folder }), way.what).toThrow(`broken: ${way.invariant}`);
  }
  const folder = spoilt(world, wayTo('an event was accepted that nobody committed'));
  await expect(judgeWebhooks({ sandbox: world.sandbox, folder })).rejects.toThrow('webhooks were owed');

  await world.start('ingester', 'apps/ingester/main.js', ['--rate', 'never']).node.exited;
  expect(() => judge(world)).toThrow('ends-only-when-told');
  await world.end();
}, 60_000);

test('a relayer that stands still over what it holds is to be refused all of it, and that is on record', async () => {
  const world = await createWorld(armedBuild(), { setting: justDelivering, signal: 'SIGSTOP' });
  await playLap(world, { scene: 'delivery', signal: 'SIGSTOP', passages });
  const [sleep, ...others] = world.record.of('pause');
  expect(others).toEqual([]);
  expect(sleep?.held.length).toBeGreaterThan(0);
  expect(sleep?.fenced).toBe(sleep?.held.length);
  expect(readEvidence(world.folder).fencedEvents).toBe(sleep?.held.length);
  await world.end();
}, 60_000);

test('a relayer that wakes and is refused fewer settlements than it held fails its lap', async () => {
  const world = await createWorld('nothing is started here', { setting: justDelivering, signal: 'SIGSTOP' });
  const node = spawnNode('test/fixtures/committer.mjs', [world.file], { ipc: true });
  const asleep = () => {
    const victim = { node, target: 'relayer', isToldToEnd: false, isStopped: true, giveUpsNoted: 0 } as const;
    const struck = {
      point: 'relayer:after-acceptance',
      pid: node.pid,
      cameFrom: null,
      atMs: 0,
      monotonicMs: 0,
    } as const;
    return { victim: { ...victim }, struck, held: ['a', 'b'], leases: 2, blocked: [] };
  };
  const refuse = (events: number) =>
    write(world, (db) => {
      db.prepare(
        `INSERT INTO outbox_log (at, kind, detail) VALUES ('', 'fenced', json_object('events', ?))`,
      ).run(events);
    });
  const crash = asleep();
  const [tooFew] = await Promise.allSettled([
    comeBack(world, {}, crash, 300),
    waitFor('its waking', () => !crash.victim.isStopped).then(() => refuse(1)),
  ]);
  expect(tooFew).toMatchObject({
    status: 'rejected',
    reason: { message: expect.stringContaining('2 late settlements') },
  });
  const other = asleep();
  await Promise.all([
    comeBack(world, {}, other),
    waitFor('its waking', () => !other.victim.isStopped).then(() => refuse(2)),
  ]);
  expect(world.record.of('pause')).toMatchObject([{ held: ['a', 'b'], fenced: 2 }]);
});
