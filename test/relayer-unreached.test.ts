// A Convoy to which no connection can be made, in a system in which nothing else happens: that says nothing of the event, and
// enough of the gateway.
import { createServer } from 'node:http';
import path from 'node:path';
import type Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { History } from '../apps/relayer/history.ts';
import type { Reach } from '../apps/relayer/outcome.ts';
import { projectRoot, spawnNode, waitFor } from './helpers.ts';
import { outboxJson } from './operator-command.ts';
import { eventRow, insertEvent, newDatabaseFile, plainConnection } from './outbox-database.ts';
import { accepted, createRig, unavailable } from './relayer-rig.ts';
import { unusedPort } from './reply-server.ts';
import { ask } from './status-rig.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const unreached = unavailable({ reason: 'connect ECONNREFUSED', reach: 'unreached' });
const suspicion = 'event is suspect, no attempt counted';

describe('what is known against an event', () => {
  const failed = (history: History, reach: Reach, nowMs: number) =>
    history.failed({ seq: 1, isRejection: false, reach, nowMs });

  function othersAccepted(history: History, events: number, nowMs: number): void {
    for (let seq = 2; seq < events + 2; seq++) history.accepted(seq, nowMs);
  }

  test('is nothing when it was never sent, whatever is accepted meanwhile', () => {
    const history = new History();
    failed(history, 'reached', 0);
    for (let n = 1; n <= 10; n++) {
      othersAccepted(history, 50, n * 1_000);
      const evidence = failed(history, 'unreached', n * 1_000 + 500);
      expect(evidence).toMatchObject({ failures: n + 1, isSuspect: false, isBlamed: false });
    }
    expect(failed(history, 'reached', 20_000).isSuspect).toBe(false);
  });

  test('is not enough to suspect it when its connection was cut, but counts on the evidence of many others', () => {
    const history = new History();
    failed(history, 'cut', 0);
    othersAccepted(history, 4, 10);
    expect(failed(history, 'cut', 100)).toMatchObject({ isAlone: true, isSuspect: false, isBlamed: false });
    othersAccepted(history, 5, 110);
    expect(failed(history, 'cut', 200)).toMatchObject({ isSuspect: true, isBlamed: true });
  });
});

describe('one event in a quiet system', () => {
  test.each([
    { what: 'that cannot be sent pauses the gateway at once', outcome: unreached, pausedAfter: 1 },
    {
      what: 'whose connections are cut pauses it at the second',
      outcome: unavailable({ reason: 'other side closed', reach: 'cut' }),
      pausedAfter: 2,
    },
  ])('$what, is no suspect, and nothing is counted', async ({ outcome, pausedAfter }) => {
    const { db, clock, convoy, log, relayer, start } = await createRig();
    convoy.answer = () => outcome;
    const seq = insertEvent(db);
    void start();
    await clock.advanceUntil(() => !relayer.isGatewayOpen, minuteMs);
    expect(convoy.sent).toHaveLength(pausedAfter);
    await clock.advance(hourMs);
    expect(log.count(suspicion)).toBe(0);
    expect(log.count('gateway unavailable, events wait')).toBe(1);
    expect(eventRow(db, seq)).toMatchObject({ status: 'pending', wait_reason: 'gateway', attempts: 0 });
  });

  test('goes within half a minute after a Convoy that was away for hours is back', async () => {
    const { db, clock, convoy, start } = await createRig();
    convoy.answer = () => unreached;
    insertEvent(db);
    void start();
    await clock.advance(3 * hourMs);
    convoy.answer = () => accepted;
    expect(await clock.advanceUntil(() => convoy.accepted.length === 1, hourMs)).toBeLessThanOrEqual(30_100);
  });
});

test('an idle connection that Convoy closes as it is used pauses nothing, though each event meets one', async () => {
  const { db, clock, convoy, log, relayer, start } = await createRig();
  const tried = new Set<number>();
  convoy.answer = ({ seq }) => {
    if (tried.has(seq)) return accepted;
    tried.add(seq);
    return unavailable({ reason: 'other side closed', reach: 'cut' });
  };
  void start();
  for (let n = 0; n < 20; n++) {
    insertEvent(db);
    relayer.wake();
    await clock.advance(10_000);
  }
  expect(convoy.accepted).toHaveLength(20);
  expect(log.lines.filter(({ message }) => message.startsWith('gateway'))).toEqual([]);
  expect(log.count(suspicion)).toBe(0);
});

/** Convoy, away or there on one port: it names the project and takes events. */
async function convoyOn(port: number) {
  const server = createServer((request, response) => {
    const [status, data] = request.method === 'POST' ? [201, 'null'] : [200, '{"uid":"P1"}'];
    request.resume().on('end', () => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(`{"status":true,"message":"ok","data":${data}}`);
    });
  });
  const stop = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  onTestFinished(stop);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { stop };
}

interface Status {
  readonly gateway: { readonly state: string; readonly reason: string | null };
}

/** The newest change of the gateway on record. */
function lastChange(db: Database.Database): { readonly state: string } | null {
  const newest = `SELECT detail FROM outbox_log WHERE kind = 'gateway' ORDER BY id DESC LIMIT 1`;
  return JSON.parse(String(db.prepare(newest).pluck().get() ?? 'null'));
}

test('a relayer without a Convoy says so everywhere, and delivers what waits soon after it is there', {
  timeout: 60_000,
}, async () => {
  const file = newDatabaseFile();
  const db = plainConnection(file);
  const [convoyPort, statusPort] = [await unusedPort(), await unusedPort()];
  const relayer = spawnNode(path.join(projectRoot, 'build/relayer/main.js'), [], {
    env: {
      PATH: process.env.PATH ?? '',
      OUTBOX_ENV_FILE: '/dev/null',
      DATABASE_URL: `file:${file}`,
      CONVOY_BASE_URL: `http://127.0.0.1:${convoyPort}`,
      CONVOY_API_KEY: 'CO.secret-key',
      CONVOY_PROJECT_ID: 'P1',
      RELAYER_OWNER_GUARD: 'no',
      RELAYER_STATUS_PORT: String(statusPort),
    },
  });
  const isPaused = () => lastChange(db)?.state === 'paused';
  await waitFor('a first look at the gateway', isPaused);
  const gateway = () => outboxJson<Status>(file, 'status').gateway;
  const unconfirmed = expect.stringMatching(/^the project is not confirmed yet: .*ECONNREFUSED/);
  expect(gateway()).toMatchObject({ state: 'paused', reason: unconfirmed });
  const convoy = await convoyOn(convoyPort);
  const first = insertEvent(db);
  await waitFor('the first event', () => eventRow(db, first).status === 'processed');

  await convoy.stop();
  const second = insertEvent(db);
  await waitFor('the pause', isPaused);
  expect(gateway()).toMatchObject({ state: 'paused', reason: expect.stringContaining('ECONNREFUSED') });
  const ready = await waitFor('the page', () => ask(statusPort, '/readyz').catch(() => null));
  expect(ready.status).toBe(503);
  expect(JSON.parse(ready.body).reasons).toEqual([expect.stringMatching(/takes no events.*ECONNREFUSED/)]);
  const metrics = (await ask(statusPort, '/metrics')).body;
  expect(metrics).toMatch(/^outbox_deliveries_total\{relayer="00",outcome="accepted"\} 1$/m);
  expect(metrics).toMatch(/^outbox_deliveries_total\{relayer="00",outcome="unavailable"\} [1-9]/m);
  expect(metrics).toMatch(/outbox_gateway_state\{relayer="00",state="(paused|probing)"\} 1/);
  expect(eventRow(db, second)).toMatchObject({ status: 'pending', attempts: 0 });

  await convoyOn(convoyPort);
  await waitFor('the second event', () => eventRow(db, second).status === 'processed', 30_000);
  expect(eventRow(db, second).attempts).toBe(0);
  await waitFor('the gateway to be told open', () => !isPaused());
  expect(gateway().state).toBe('open');
  expect(relayer.stdout + relayer.stderr).not.toContain('suspect');
});
