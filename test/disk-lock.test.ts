// Somebody else holds the database's lock for long: a real process inside a write transaction. Both applications wait,
// say so, and go on when it ends; a start meanwhile is not taken for a mistake in the settings.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import {
  allDelivered,
  moreInvoices,
  type Place,
  placeFor,
  quietSandbox,
  said,
  startIngester,
  startRelayer,
  stopAll,
} from './both-apps.ts';
import { projectRoot, waitFor } from './helpers.ts';

/** Long enough for both to say what they wait for, which they do after 5 s. */
const heldMs = process.env.OUTBOX_DEEP === '1' ? 60_000 : 6_500;

const holder = `
  const db = new (require('better-sqlite3'))(process.argv[1], { timeout: 10_000 });
  db.exec('BEGIN IMMEDIATE');
  console.log('held');
  process.stdin.on('end', () => process.exit()).resume();
`;

/** Holds the write lock from when this resolves until the child is killed. */
async function holdLock({ file }: Place): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', holder, file], {
    cwd: projectRoot,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  if (child.stdout !== null) await once(child.stdout, 'data');
  return child;
}

test('a lock held by another process is waited for, said, and outlived', {
  timeout: 30_000 + heldMs,
}, async () => {
  const place = placeFor(await quietSandbox());
  const [ingester, relayer] = [startIngester(place), startRelayer(place)];
  await said(relayer, /relayer started/);
  await waitFor('invoices', () => /invoice recorded/.test(ingester.stdout));
  await moreInvoices(place);
  const child = await holdLock(place);
  const heldAtMs = performance.now();
  await said(ingester, /invoice not recorded.*locked by another process/, 20_000);
  await waitFor('the time to pass', () => performance.now() - heldAtMs > heldMs, heldMs + 1_000);
  child.kill('SIGKILL');
  await said(ingester, /invoices are recorded again/);
  await moreInvoices(place);
  await allDelivered(place);
  expect(await stopAll(ingester, relayer)).toEqual([0, 0]);
  expect(ingester.stdout.match(/invoice not recorded/g)).toHaveLength(1);
});

test('a start while the lock is held waits for it, and can be stopped meanwhile', {
  timeout: 30_000,
}, async () => {
  const place = placeFor(await quietSandbox());
  const child = await holdLock(place);
  const [ingester, relayer] = [startIngester(place), startRelayer(place)];
  const unwanted = [startIngester(place), startRelayer(place)];
  await said(relayer, /the database cannot be written, trying on.*another process holds its lock/, 15_000);
  // A stop does not wait for the lock, however early it comes.
  expect(await stopAll(...unwanted)).toEqual([0, 0]);
  child.kill('SIGKILL');
  await said(relayer, /relayer started/);
  await waitFor('invoices', () => /invoice recorded/.test(ingester.stdout));
  await allDelivered(place);
  expect(await stopAll(ingester, relayer)).toEqual([0, 0]);
});
