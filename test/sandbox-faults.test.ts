import { describe, expect, test } from 'vitest';
import { knownTroubles } from '../scripts/sandbox/fault.ts';
import type { Sandbox } from '../scripts/sandbox/sandbox.ts';
import { waitFor } from './helpers.ts';
import { codeOf, eventBody, post, quickSandbox, story } from './sandbox-client.ts';

/** Resolves when the ledger has so many lines. A time would be too short for a request on a busy machine. */
const told = (sandbox: Sandbox, lines: number) =>
  waitFor(`${lines} lines in the ledger`, () => story(sandbox).length >= lines);

describe('faults that store nothing', () => {
  test.each([
    ['redisRefused', 400, /redis eval error: dial tcp .* connection refused"}\n$/],
    ['postgresRefused', 400, /^{"status":false,"message":"failed to connect to `user=/],
    ['postgresDownAtAuth', 401, /^{"status":false,"message":"authorization failed"}\n$/],
    ['crashed', 500, /^$/],
    ['unavailable', 503, /^upstream unavailable$/],
    ['rateLimited', 429, /exceeded rate limit/],
  ] as const)('%s is answered %i', async (name, status, text) => {
    const sandbox = await quickSandbox();
    sandbox.faults.add(knownTroubles[name]);
    const answer = await post(sandbox, eventBody('k'));
    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(text);
    expect(story(sandbox)).toEqual(['fault:status']);
    expect(sandbox.ledger.recent()).toMatchObject([{ key: 'k', status }]);
  });

  test('a status may carry headers of its own', async () => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({
      kind: 'status',
      status: 429,
      headers: { 'Retry-After': '7', 'Content-Type': 'text/x' },
    });
    const { headers } = await post(sandbox, eventBody('k'));
    expect(headers).toMatchObject({ 'retry-after': '7', 'content-type': 'text/x' });
  });

  test('a hang never answers, and the client that leaves is written down', async () => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({ kind: 'hang' });
    expect(await codeOf(post(sandbox, eventBody('k'), { until: told(sandbox, 1) }))).toBe('GIVEN_UP');
    await told(sandbox, 2);
    expect(story(sandbox)).toEqual(['fault:hang', 'fault:client-gone']);
  });

  test('a reset comes before the body is read', async () => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({ kind: 'reset', remaining: 1 });
    expect(await codeOf(post(sandbox, eventBody('k')))).toBe('ECONNRESET');
    expect(story(sandbox)).toEqual(['fault:reset']);
    expect((await post(sandbox, eventBody('k'))).status).toBe(201);
  });

  test.each([
    ['html-201', 201, /^<!doctype/],
    ['html-200', 200, /^<!doctype/],
    ['truncated-json-201', 201, /^{"status":true,"message":"[^"]*$/],
    ['status-false-201', 201, /^{"status":false/],
  ] as const)('garbage of the shape %s is not an acceptance', async (shape, status, text) => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({ kind: 'garbage', shape });
    const answer = await post(sandbox, eventBody('k'));
    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(text);
    expect(story(sandbox)).toEqual(['fault:garbage']);
  });

  test('a redirect leads to a page that answers 200', async () => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({ kind: 'redirect', status: 307 });
    const answer = await post(sandbox, eventBody('k'));
    expect(answer).toMatchObject({ status: 307, headers: { location: '/' } });
    expect(sandbox.ledger.acceptedCount()).toBe(0);
  });

  test('a huge reply of 60 MB comes in full and claims nothing', async () => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({ kind: 'huge-reply' });
    const { text } = await post(sandbox, eventBody('k'));
    expect(text.length).toBe(60_000_000);
    expect(JSON.parse(text)).toMatchObject({ status: false });
    expect(story(sandbox)).toEqual(['fault:huge-reply']);
  });

  test('forget answers 201 and leaves no trace in the ledger', async () => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({ kind: 'forget' });
    expect(await post(sandbox, eventBody('k'))).toMatchObject({
      status: 201,
      text: expect.stringContaining('queued successfully'),
    });
    expect(story(sandbox)).toEqual([]);
    expect(sandbox.state()).toMatchObject({ accepted: 0, waitingToBeStored: 0, faults: { forget: 1 } });
  });
});

describe('faults that store the event', () => {
  test('a slow reply is the right one, late, and the event is stored at once', async () => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({ kind: 'slow', delayMs: 150 });
    const startMs = performance.now();
    const answer = post(sandbox, eventBody('k'));
    await waitFor('it is accepted', () => sandbox.ledger.timesAccepted('k') === 1);
    expect((await answer).status).toBe(201);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(149);
    expect(sandbox.ledger.recent()).toMatchObject([
      { kind: 'accepted', answer: 'queued', nth: 1 },
      { kind: 'fault', fault: 'slow', key: 'k', delayMs: 150 },
      {
        kind: 'fault',
        fault: 'late-answer',
        key: 'k',
        delayMs: expect.toSatisfy((delayMs) => delayMs > 149),
      },
    ]);
  });

  test('a client that gives up on a slow reply is written down, and nothing is sent to it', async () => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({ kind: 'slow', delayMs: 60_000 });
    expect(await codeOf(post(sandbox, eventBody('k'), { until: told(sandbox, 2) }))).toBe('GIVEN_UP');
    await told(sandbox, 3);
    expect(story(sandbox)).toEqual(['accepted:queued', 'fault:slow', 'fault:client-gone']);
  });

  test('a hang after accepting has the event', async () => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({ kind: 'hang-after-accepting' });
    expect(await codeOf(post(sandbox, eventBody('k'), { until: told(sandbox, 2) }))).toBe('GIVEN_UP');
    await told(sandbox, 3);
    expect(story(sandbox)).toEqual([
      'accepted:hang-after-accepting',
      'fault:hang-after-accepting',
      'fault:client-gone',
    ]);
  });

  test('a reset after accepting has the event, and is not blamed on the client', async () => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({ kind: 'reset-after-accepting' });
    expect(await codeOf(post(sandbox, eventBody('k')))).toBe('ECONNRESET');
    await sandbox.close();
    expect(story(sandbox)).toEqual(['accepted:reset-after-accepting', 'fault:reset-after-accepting']);
  });

  test('a lost reply is a 400 for an event that is stored, and its repeat a duplicate', async () => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({ kind: 'lost-reply', remaining: 1 });
    expect(await post(sandbox, eventBody('k'))).toMatchObject({
      status: 400,
      text: '{"status":false,"message":"task ID conflicts with another task"}\n',
    });
    await waitFor('it is stored', () => sandbox.state().rows === 1);
    expect((await post(sandbox, eventBody('k'))).text).toMatch(/^{"status":true,"message":"Duplicate/);
    expect(story(sandbox)).toEqual(['accepted:lost-reply', 'fault:lost-reply', 'accepted:duplicate']);
  });

  test('a dripping reply is whole in the end', async () => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({ kind: 'drip', everyMs: 1, pieceBytes: 10 });
    expect(JSON.parse((await post(sandbox, eventBody('k'))).text)).toMatchObject({ status: true });
    expect(story(sandbox)).toEqual(['accepted:queued', 'fault:drip']);
  });

  test('garbage can be told to store the event', async () => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({ kind: 'garbage', shape: 'truncated-json-201', stored: true });
    await post(sandbox, eventBody('k'));
    expect(story(sandbox)).toEqual(['accepted:garbage', 'fault:garbage']);
  });
});
