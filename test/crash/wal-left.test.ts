// What is found in a WAL right behind a checkpoint, and whose it is.
import { existsSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { monotonicMs } from '../../scripts/chaos/record.ts';
import { spawnNode, waitFor } from '../helpers.ts';
import { armedBuild } from './armed-build.ts';
import { atLeast, justDelivering, untilStruck } from './scene.ts';
import { lookWithoutWal } from './verdict.ts';
import { createWorld, type World } from './world.ts';
import { addInvoices } from './world-data.ts';

/** A world that another process has a connection to: else each of ours would be the last, and copy back all on closing. */
async function worldWithNeighbour(): Promise<World> {
  const world = await createWorld('nothing is started here', { setting: justDelivering, signal: 'SIGKILL' });
  const neighbour = spawnNode('test/fixtures/committer.mjs', [world.file], { ipc: true });
  let isReady = false;
  neighbour.child.once('message', () => {
    isReady = true;
  });
  await waitFor('the other process', () => isReady);
  return world;
}

function checkpoint({ file }: World, mode: 'passive' | 'truncate'): void {
  const db = new Database(file);
  db.pragma(`wal_checkpoint(${mode})`);
  db.close();
}

function behindCheckpoint() {
  return { cameFrom: { point: 'wal:before-checkpoint', monotonicMs: monotonicMs() } } as const;
}

test('what the test itself commits between a checkpoint and its look is in the WAL, and is not held against the checkpoint', async () => {
  const world = await worldWithNeighbour();
  await addInvoices(world, 2);
  const struck = behindCheckpoint();
  checkpoint(world, 'truncate');
  expect(() => lookWithoutWal(world, struck)).not.toThrow();
  await addInvoices(world, 2);
  expect(statSync(`${world.file}-wal`).size).toBeGreaterThan(0);
  expect(() => lookWithoutWal(world, struck)).not.toThrow();
  // The same file, for a checkpoint that had begun after that commit.
  expect(() => lookWithoutWal(world, behindCheckpoint())).toThrow(
    '1 commits are left in the WAL, 0 of them later',
  );
});

test('a checkpoint that a reader refuses is told, and is no passage of the point behind it', async () => {
  const world = await createWorld(armedBuild(), { setting: justDelivering, signal: 'SIGKILL' });
  await atLeast(world, 1);
  const reader = new Database(world.file);
  onTestFinished(() => void reader.close());
  reader.exec('BEGIN; SELECT count(*) FROM events');
  await addInvoices(world, 2);
  world.orders.give({ point: 'wal:after-checkpoint', nth: 1, signal: 'SIGKILL' });
  const [relayer] = world.relayers();
  if (relayer === undefined) throw new Error('no relayer');
  await world.said(relayer, 'the WAL is not emptied while somebody reads or writes');
  expect(world.orders.struck()).toBeNull();
  reader.close();
  await untilStruck(world);
  expect(await relayer.node.exited).toBe('SIGKILL');
  const struck = world.orders.struck();
  expect(() => lookWithoutWal(world, { cameFrom: struck?.cameFrom ?? null })).not.toThrow();
  await world.abandon();
}, 60_000);

test('what a checkpoint has left is found, also below a later commit', async () => {
  const world = await worldWithNeighbour();
  await addInvoices(world, 2);
  const struck = behindCheckpoint();
  expect(() => lookWithoutWal(world, struck)).toThrow('1 commits are left in the WAL, 0 of them later');
  await addInvoices(world, 2);
  expect(() => lookWithoutWal(world, struck)).toThrow('2 commits are left in the WAL, 1 of them later');
});

test('a WAL that was copied back and not emptied is found', async () => {
  const world = await worldWithNeighbour();
  for (let nth = 0; nth < 3; nth++) await addInvoices(world, 1);
  const struck = behindCheckpoint();
  checkpoint(world, 'passive');
  // Begins the WAL anew, over the older frames.
  await addInvoices(world, 1);
  expect(existsSync(`${world.file}-wal`)).toBe(true);
  expect(() => lookWithoutWal(world, struck)).toThrow('the WAL holds older frames');
});
