// Before any event is sent: the gateway must have said once that the key belongs to the configured project.
import { describe, expect, test } from 'vitest';
import { askProject } from '../apps/outbox/convoy-project.ts';
import { hasPassed, passStartupCheck, type StartupCheckOptions } from '../apps/relayer/startup-check.ts';
import { FakeClock } from './fake-clock.ts';
import { waitFor } from './helpers.ts';
import { newDatabaseFile, openStore } from './outbox-database.ts';
import { MemoryLog } from './relayer-rig.ts';
import { type Answer, startReplyServer, unusedPort } from './reply-server.ts';

const project =
  (uid: string): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ status: true, message: 'Project fetched', data: { uid, name: 'p' } }));
  };

async function scene(answer: Answer) {
  const server = await startReplyServer((response, request) => state.answer(response, request));
  const state = { answer };
  const controller = new AbortController();
  const options: StartupCheckOptions & { log: MemoryLog; clock: FakeClock } = {
    access: { baseUrl: `${server.url}/api`, projectId: 'P1', apiKey: 'CO.key', timeoutMs: 2_000 },
    gateway: `${server.url}/api/v1/projects/P1`,
    store: await openStore(newDatabaseFile()),
    clock: new FakeClock(),
    log: new MemoryLog(),
    signal: controller.signal,
  };
  return { server, state, controller, options };
}

describe('asking for the project', () => {
  test("sends the key to the project's address", async () => {
    const { server, options } = await scene(project('P1'));
    expect(await askProject(options.access)).toMatchObject({ kind: 'project', projectId: 'P1' });
    expect(server.requests).toMatchObject([
      { method: 'GET', url: '/api/v1/projects/P1', headers: { authorization: 'Bearer CO.key' } },
    ]);
  });

  test.each<{ what: string; answer: Answer; reason: RegExp }>([
    {
      what: 'a refused key',
      answer: (response) => response.writeHead(401).end('{"status":false}'),
      reason: /HTTP 401/,
    },
    {
      what: 'an HTML page',
      answer: (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
      reason: /HTTP 200 \(text\/html\)/,
    },
    {
      what: 'another JSON',
      answer: (response) => response.writeHead(200).end('{"data":{"id":"P1"}}'),
      reason: /HTTP 200/,
    },
    {
      what: 'JSON that is no object',
      answer: (response) => response.writeHead(200).end('null'),
      reason: /HTTP 200/,
    },
    {
      what: 'a redirect',
      answer: (response) => response.writeHead(302, { location: '/elsewhere' }).end(),
      reason: /HTTP 302/,
    },
    { what: 'an error', answer: (response) => response.writeHead(500).end(), reason: /HTTP 500/ },
    { what: 'a reset', answer: (response) => response.socket?.resetAndDestroy(), reason: /ECONNRESET/ },
  ])('takes $what for no answer, asks once, and never throws', async ({ answer, reason }) => {
    const { server, options } = await scene(answer);
    expect(await askProject(options.access)).toMatchObject({
      kind: 'unknown',
      reason: expect.stringMatching(reason),
    });
    expect(server.requests).toHaveLength(1);
  });

  test('does not wait longer than it may', async () => {
    const { options } = await scene(() => {});
    const answer = await askProject({ ...options.access, timeoutMs: 50 });
    expect(answer).toEqual({ kind: 'unknown', reason: expect.stringContaining('ETIMEDOUT') });
  });

  test('of a host that is not there is no answer', async () => {
    const { options } = await scene(() => {});
    const baseUrl = `http://127.0.0.1:${await unusedPort()}/api`;
    const answer = await askProject({ ...options.access, baseUrl });
    expect(answer).toEqual({ kind: 'unknown', reason: expect.stringContaining('ECONNREFUSED') });
  });
});

describe('the start-up check', () => {
  test('passes once the gateway names the project, and remembers it for this gateway and key', async () => {
    const { options } = await scene(project('P1'));
    expect(await hasPassed(options)).toBe(false);
    await passStartupCheck(options);
    expect(await hasPassed(options)).toBe(true);
    expect(await hasPassed({ ...options, gateway: 'https://other/api/v1/projects/P1' })).toBe(false);
    expect(await hasPassed({ ...options, access: { ...options.access, apiKey: 'CO.other' } })).toBe(false);
    expect(await options.store.verifiedGateways()).toEqual([options.gateway]);
  });

  test('keeps no key in the database', async () => {
    const { options } = await scene(project('P1'));
    await passStartupCheck(options);
    expect(JSON.stringify(await options.store.lastLogged('verified'))).not.toContain('CO.key');
  });

  test('records a pass once, however often it is repeated', async () => {
    const { options } = await scene(project('P1'));
    for (let n = 0; n < 3; n++) await passStartupCheck(options);
    expect(await options.store.lastLogged('verified')).not.toBeNull();
    expect(options.log.count('gateway checked')).toBe(3);
    await options.store.prune({ beforeMs: options.clock.nowMs() + 1, limit: 1 });
    expect(await options.store.verifiedGateways()).toHaveLength(1);
  });

  test('ends the relayer when the key belongs to another project, and records nothing', async () => {
    const { options } = await scene(project('P2'));
    await expect(passStartupCheck(options)).rejects.toMatchObject({
      code: 'ERR_OUTBOX_WRONG_PROJECT',
      message: expect.stringMatching(/P1.*P2/),
    });
    expect(await hasPassed(options)).toBe(false);
  });

  test('waits for a gateway that does not answer as it should, ever longer, and says what to check', async () => {
    const { server, state, options } = await scene((response) => response.writeHead(401).end());
    const passing = passStartupCheck(options);
    for (const [round, waitMs] of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000].entries()) {
      await waitFor(
        `request ${round + 1}`,
        () => server.requests.length === round + 1 && options.clock.pendingTimers === 1,
      );
      await options.clock.advance(waitMs - 1);
      expect(server.requests).toHaveLength(round + 1);
      if (round === 6) state.answer = project('P1');
      await options.clock.advance(1);
    }
    await passing;
    expect(await hasPassed(options)).toBe(true);
    const told = options.log.lines.filter(({ level }) => level === 'error');
    expect(told).toHaveLength(7);
    expect(told[0]?.fields).toMatchObject({
      reason: expect.stringContaining('401'),
      check: expect.stringContaining('CONVOY_API_KEY'),
    });
  });

  test('is told as a pause until it has passed, which status shows; one that passed before is not', async () => {
    const { state, options } = await scene((response) => response.writeHead(503).end());
    const { store, clock } = options;
    const gateway = async () => (await store.overview({ nowMs: clock.nowMs(), windowMs: 1_000 })).gateway;
    const passing = passStartupCheck(options);
    await waitFor('two tries', async () => {
      if (clock.pendingTimers === 1 && options.log.lines.length === 1) await clock.advance(1_000);
      return options.log.lines.length === 2 && clock.pendingTimers === 1;
    });
    const reason = expect.stringMatching(/^the project is not confirmed yet: .*503/);
    expect(await gateway()).toMatchObject({ detail: { state: 'paused', reason } });
    state.answer = project('P1');
    await clock.advance(2_000);
    await passing;
    const open = await gateway();
    expect(open).toMatchObject({ detail: { state: 'open', paused_ms: 3_000 } });

    state.answer = (response) => response.writeHead(503).end();
    const again = passStartupCheck(options);
    await waitFor('a try', () => options.log.lines.length === 4 && clock.pendingTimers === 1);
    expect(await gateway()).toEqual(open);
    state.answer = project('P1');
    await clock.advance(1_000);
    await again;
  });

  test('ends quietly when the relayer stops', async () => {
    const { server, controller, options } = await scene((response) => response.writeHead(500).end());
    const passing = passStartupCheck(options);
    await waitFor(
      'the first request',
      () => server.requests.length === 1 && options.clock.pendingTimers === 1,
    );
    controller.abort();
    await passing;
    expect(await hasPassed(options)).toBe(false);
  });
});
