// Stands in a copy of the build where apps/outbox/crash-point.js stood: whoever passes the ordered point for the n-th time
// kills or stops itself there, synchronously. The order is a file, so that it reaches a process that already runs; of several
// that read it, only one can take it.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

const { CRASH_ORDER: orderFile, CRASH_HASTE: haste, CRASH_RUNNER: runner } = process.env;
if (orderFile === undefined)
  throw new Error('this copy of the build is for test/crash, and nobody ordered anything');

let known = '';
let order = null;
let passed = 0;
let cameFrom = null;

/** The release's function of this name does nothing. */
export function crashPoint(name) {
  const text = readOrder();
  if (text !== known) {
    known = text;
    order = text === '' ? null : JSON.parse(text);
    passed = 0;
  }
  if (order?.point === name) passed += 1;
  if (order?.point === name && passed === order.nth && takeOrder(name))
    process.kill(process.pid, order.signal);
  cameFrom = { point: name, monotonicMs: monotonicMs() };
}

function monotonicMs() {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

function readOrder() {
  try {
    return readFileSync(orderFile, 'utf8');
  } catch {
    return '';
  }
}

/** Leaves word of who was struck, where and when. False when another process was faster. */
function takeOrder(point) {
  const taken = `${orderFile}.${process.pid}`;
  try {
    renameSync(orderFile, taken);
  } catch {
    return false;
  }
  const now = { atMs: Date.now(), monotonicMs: monotonicMs() };
  writeFileSync(taken, JSON.stringify({ point, pid: process.pid, cameFrom, ...now }));
  renameSync(taken, `${orderFile}.struck`);
  return true;
}

// Some points lie behind a minute of doing nothing. Where a scene asks for it, each wait of 5 s and more is cut short: what
// must happen before such a time is over, is not what these tests are about.
if (haste === 'yes') {
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (callback, delayMs, ...rest) =>
    setTimeout(callback, delayMs >= 5_000 ? 100 : delayMs, ...rest);
}

// Whoever runs the tests may be killed before it can end what it started. Then this process has another parent, and nobody who
// waits for it: left alone it would go on sending to a port that is somebody else's by now.
setInterval(() => {
  if (process.ppid !== Number(runner)) process.kill(process.pid, 'SIGKILL');
}, 500).unref();
