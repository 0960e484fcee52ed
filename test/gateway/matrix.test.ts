// Every fault of the gateway on a real socket, with the real loop: what becomes of the event and of the gateway, what is
// counted and what is logged, and that everything drains afterwards.
import { expect, test } from 'vitest';
import { eventRow, insertEvent, insertEvents, statusCounts } from '../outbox-database.ts';
import { answerFaults } from './answer-faults.ts';
import { byteFaults } from './byte-faults.ts';
import { connectionFaults } from './connection-faults.ts';
import type { FaultRow } from './consequence.ts';
import { prepare, type Trouble } from './trouble.ts';

const others = 20;
const ordinaryMs = 3_000;
/** The longest Retry-After that is obeyed, and the longest backoff with its jitter. */
const longestDrainMs = 300_000 + 450_000;

function send(trouble: Trouble, count: number): number[] {
  const seqs = insertEvents(trouble.db, count);
  trouble.relayer.wake();
  return seqs;
}

/** Time passes until all deliveries have an outcome, and all outcomes are in the database. */
async function answered({ clock, relayer, begun, ended }: Trouble, atLeast: number): Promise<void> {
  const isThrough = () => ended.count >= atLeast && begun.length === ended.count && relayer.isQuiet;
  await clock.advanceUntil(isThrough, 60_000);
}

/** What the log says about the gateway, above the debug level. */
function gatewayLines({ log }: Trouble): readonly (readonly [level: string, message: string])[] {
  return log.lines
    .filter(({ level, message }) => level !== 'debug' && message.startsWith('gateway'))
    .map(({ level, message }) => [level, message]);
}

/** The first event under the fault, alone. */
async function tryOne(trouble: Trouble, { becomes, reason, pauseMs }: FaultRow): Promise<void> {
  const { db, clock, log, relayer, ended } = trouble;
  const seq = insertEvent(db);
  relayer.wake();
  await answered(trouble, ended.count + 1);
  const row = eventRow(db, seq);
  expect(row).toMatchObject(becomes.event);
  if (reason !== undefined) expect(row.last_error).toMatch(reason);
  expect(row.last_error?.length ?? 0).toBeLessThan(320);
  expect(relayer.isGatewayOpen).toBe(becomes.isOpen.afterOne);
  const [level, message] = becomes.says;
  expect(log.lines).toContainEqual({ level, message, fields: expect.anything() });
  if (pauseMs === undefined) return;
  expect(row.available_at - clock.nowMs()).toBeGreaterThanOrEqual(Math.min(pauseMs, 500));
  expect(log.lines.find(({ fields }) => 'next_try_ms' in fields)?.fields.next_try_ms).toBe(pauseMs);
}

/** It lasts, with more events. */
async function last(trouble: Trouble, { becomes, forMs = ordinaryMs }: FaultRow): Promise<void> {
  const { db, clock, relayer, ended } = trouble;
  const before = ended.count;
  send(trouble, others);
  await clock.advance(forMs);
  const counted = Number(db.prepare('SELECT total(attempts) FROM events').pluck().get());
  expect(counted).toBe(0);
  expect(statusCounts(db).dead).toBeUndefined();
  if (forMs === 0) return;
  expect(relayer.isGatewayOpen).toBe(becomes.isOpen.afterAll);
  const told = gatewayLines(trouble);
  const alarms = told.filter(([level]) => level !== 'info');
  expect(alarms).toEqual(becomes.gatewaySays === null ? [] : [becomes.gatewaySays]);
  // A pause is told ever more rarely.
  expect(told.length).toBeLessThan(30);
  // Each event once, as many again for those that may go on trying, and a probe every 30 s.
  expect(ended.count - before).toBeLessThan(8 * others + forMs / 30_000);
}

/** It is over. */
async function heal(trouble: Trouble, row: FaultRow): Promise<void> {
  const { db, clock, relayer, gateway, begun, log } = trouble;
  await trouble.heal();
  const isDrained = () => relayer.isQuiet && statusCounts(db).pending === undefined;
  await clock.advanceUntil(isDrained, longestDrainMs);
  const rows = db.prepare('SELECT id, status FROM events').all() as { id: string; status: string }[];
  expect(rows.filter(({ status }) => status !== 'processed')).toEqual([]);
  expect([...gateway.taken.keys()].sort()).toEqual(rows.map(({ id }) => id).sort());
  // However often it was sent, an event is the same bytes; a lease makes one request, and nobody repeats it below.
  expect([...gateway.taken.values()].map((bodies) => bodies.size)).toEqual(rows.map(() => 1));
  expect(new Set(begun).size).toBe(begun.length);
  expect(gateway.requests.length).toBeLessThanOrEqual(begun.length);
  expect(gateway.strays).toEqual([]);
  expect(gateway.led).toBe(0);
  expect(gateway.mostBytesTaken).toBeLessThan(30_000_000);
  if (!row.becomes.isOpen.afterAll) expect(log.count('gateway is back, ramping up')).toBeGreaterThan(0);
  expect(relayer.isGatewayOpen).toBe(true);
}

async function play(row: FaultRow): Promise<void> {
  const trouble = await prepare(row);
  const running = trouble.start();
  if (row.isWarm === true) {
    send(trouble, 1);
    await answered(trouble, 1);
  }
  await trouble.gateway.break(row.fault);
  await tryOne(trouble, row);
  await last(trouble, row);
  await heal(trouble, row);
  trouble.relayer.stop();
  await trouble.clock.settle();
  await running;
}

for (const row of [...connectionFaults, ...byteFaults, ...answerFaults]) {
  test(`${row.what}: ${row.becomes.name}`, () => play(row));
}
