// The owner guard in a running relayer: what is held, what is not, and that nobody waits for somebody else's endpoint.
import { describe, expect, test } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import { askEndpoints, type EndpointAnswer } from '../apps/outbox/convoy-endpoints.ts';
import { OwnerGuard } from '../apps/relayer/owner-guard.ts';
import { eventRow, insertEvent, insertEvents, statusCounts } from './outbox-database.ts';
import { createRig, rigOptions } from './relayer-rig.ts';
import { acme, quickSandbox } from './sandbox-client.ts';

const minuteMs = 60_000;
const has: EndpointAnswer = { kind: 'endpoints', isAny: true };
const hasNone: EndpointAnswer = { kind: 'endpoints', isAny: false };
const silent: EndpointAnswer = { kind: 'unreadable', reason: 'HTTP 500', retryAfterMs: null };

/** A relayer whose Convoy answers questions about owners as the test says, after 50 ms. */
async function guardedRig() {
  const answers = new Map<string, EndpointAnswer>();
  const asked: string[] = [];
  const rig = await createRig({
    owners: ({ store, clock, log }) =>
      new OwnerGuard({
        ask: (businessId) => {
          asked.push(businessId);
          return new Promise((resolve) => {
            clock.after(50, () => resolve(answers.get(businessId) ?? has));
          });
        },
        calm: async () => {},
        wasAccepted: (businessId) => store.wasAccepted({ businessId, gateway: rigOptions.gateway }),
        clock,
        log,
        signal: new AbortController().signal,
      }),
  });
  return { ...rig, answers, asked };
}

describe('a business without an endpoint', () => {
  test('is held although the database was locked when its answer came', async () => {
    const { db, clock, answers, start } = await guardedRig();
    answers.set('nobody', hasNone);
    const seq = insertEvent(db, { business_id: 'nobody' });
    void start();
    await clock.settle();
    db.exec('BEGIN IMMEDIATE');
    await clock.advance(200);
    expect(eventRow(db, seq).last_error).toMatch(/^asking Convoy/);
    db.exec('COMMIT');
    await clock.advance(1_000);
    expect(eventRow(db, seq).last_error).toMatch(/^this business has no endpoint/);
  });

  test('has its events held, with the reason, until there is one; none is ever sent before', async () => {
    const { db, clock, convoy, log, answers, asked, start } = await guardedRig();
    answers.set('nobody', hasNone);
    const seq = insertEvent(db, { business_id: 'nobody' });
    void start();
    await clock.advance(10 * minuteMs);
    expect(convoy.sent).toEqual([]);
    expect(eventRow(db, seq)).toMatchObject({
      status: 'pending',
      wait_reason: 'endpoint',
      attempts: 0,
      claims: 0,
      last_error: 'this business has no endpoint in Convoy: create one, its events wait',
    });
    expect(log.count('business without an endpoint, its events are held')).toBe(1);
    // At the start, and 30, 60, 120, 240 s after the look before.
    expect(asked.length).toBe(5);
    answers.set('nobody', has);
    await clock.advance(10 * minuteMs);
    expect(convoy.accepted).toEqual([seq]);
    expect(eventRow(db, seq)).toMatchObject({ status: 'processed', last_error: null });
    expect(log.count('business has an endpoint now, its events are released')).toBe(1);
  });

  test('is asked for at most every ten minutes, and stays held when Convoy does not answer', async () => {
    const { db, clock, convoy, answers, asked, start } = await guardedRig();
    answers.set('nobody', hasNone);
    insertEvent(db, { business_id: 'nobody' });
    void start();
    await clock.advance(60 * minuteMs);
    const before = asked.length;
    await clock.advance(60 * minuteMs);
    expect(asked.length - before).toBeLessThanOrEqual(6);
    answers.set('nobody', silent);
    await clock.advance(60 * minuteMs);
    expect(convoy.sent).toEqual([]);
  });

  test('does not hold up the others, however many events it has', { timeout: 60_000 }, async () => {
    const { db, clock, convoy, answers, asked, start } = await guardedRig();
    answers.set('nobody', hasNone);
    insertEvents(db, 3_000, { business_id: 'nobody' });
    const good = insertEvents(db, 20, { business_id: 'good' });
    void start();
    await clock.advanceUntil(() => convoy.accepted.length === good.length, 20_000);
    expect(convoy.sent.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(good);
    expect(asked).toEqual(['nobody', 'good']);
    await clock.advance(1_000);
    const held = db.prepare(`SELECT count(*) FROM events WHERE wait_reason = 'endpoint'`).pluck().get();
    expect(held).toBe(3_000);
    answers.set('nobody', has);
    await clock.advance(5 * minuteMs);
    expect(statusCounts(db)).toEqual({ processed: 3_020 });
  });
});

describe('a business with an endpoint', () => {
  test('is asked for once, and its first events go as soon as the answer is there', async () => {
    const { db, clock, convoy, asked, start } = await guardedRig();
    insertEvents(db, 100, { business_id: 'new' });
    void start();
    const tookMs = await clock.advanceUntil(() => convoy.accepted.length === 100, 5_000);
    expect(tookMs).toBeLessThan(1_000);
    expect(convoy.sent.every(({ atMs }) => atMs >= 1_050)).toBe(true);
    expect(asked).toEqual(['new']);
    insertEvents(db, 100, { business_id: 'new' });
    await clock.advance(5 * minuteMs);
    expect(asked).toEqual(['new']);
  });

  test('that Convoy took events of before is sent to at once, and asked for meanwhile', async () => {
    const { db, clock, convoy, answers, asked, start } = await guardedRig();
    const done = { status: 'processed', processed_at: isoText(clock.nowMs()), gateway: rigOptions.gateway };
    insertEvent(db, { ...done, business_id: 'known' });
    answers.set('known', hasNone);
    const seq = insertEvent(db, { business_id: 'known' });
    void start();
    await clock.advance(10);
    expect(convoy.accepted).toEqual([seq]);
    // Its endpoint is gone: from the answer on its events are held.
    await clock.advance(100);
    expect(asked).toEqual(['known']);
    insertEvent(db, { business_id: 'known' });
    await clock.advance(10 * minuteMs);
    expect(convoy.accepted).toEqual([seq]);
  });

  test('is sent to when Convoy does not answer questions', async () => {
    const { db, clock, convoy, answers, asked, log, start } = await guardedRig();
    answers.set('new', silent);
    const seq = insertEvent(db, { business_id: 'new' });
    void start();
    await clock.advance(10_000);
    expect(convoy.accepted).toEqual([seq]);
    expect(asked).toHaveLength(3);
    expect(log.count('could not ask for the endpoints of a business, its events go')).toBe(1);
  });
});

test('Convoy is asked for exactly this owner, and anything but its list is no answer', async () => {
  const sandbox = await quickSandbox();
  const { url: baseUrl, projectId, apiKey } = sandbox;
  const { signal } = new AbortController();
  const ask = (owner: string) =>
    askEndpoints({ baseUrl, projectId, apiKey, timeoutMs: 2_000 }, owner, signal);
  expect(await ask(acme)).toEqual(has);
  expect(await ask(acme.toUpperCase())).toEqual(hasNone);
  expect(await ask('a & b = c?')).toEqual(hasNone);
  sandbox.endpointControls.add({ owner: 'a & b = c?', name: 'odd' });
  expect(await ask('a & b = c?')).toEqual(has);
  // A Convoy that ignores the filter would list everybody's.
  const others = '{"status":true,"data":{"content":[{"owner_id":"somebody else"}]}}';
  sandbox.faults.replace([{ kind: 'status', status: 200, body: others, traffic: 'reads' }]);
  expect(await ask(acme)).toEqual(hasNone);
  for (const body of [
    '{"status":true,"data":null}',
    '{"status":true}',
    '[]',
    'x',
    '{"status":false,"data":[]}',
  ]) {
    sandbox.faults.replace([{ kind: 'status', status: 200, body, traffic: 'reads' }]);
    expect(await ask(acme)).toMatchObject({ kind: 'unreadable' });
  }
});
