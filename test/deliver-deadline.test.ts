// The deadline of a delivery, and how it ends when nobody answers: as one outcome, with nothing left behind.
import { describe, expect, test, vi } from 'vitest';
import { claimedEvent, delivererFor, testKey } from './delivery.ts';
import { FakeClock } from './fake-clock.ts';
import { closeOf, startReplyServer, startSocketServer, wholeRequest } from './reply-server.ts';

const acceptance = '{"status":true,"message":"Endpoint fanout event queued successfully","data":null}\n';
const head = 'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n';
const anySoonEnough = 10_000;

const unavailable = (reason: string) => ({
  kind: 'unavailable',
  reason: expect.stringMatching(reason),
  retryAfterMs: null,
  check: null,
});

describe('a delivery', () => {
  test('gives up at its deadline when no answer comes, and drops the connection', async () => {
    const clock = new FakeClock();
    let closed: Promise<unknown> | undefined;
    const url = await startSocketServer((socket) => {
      void wholeRequest(socket).then(() => {
        closed = closeOf(socket);
      });
    });
    const outcome = delivererFor(url, { clock }).deliver(claimedEvent(), 250);
    await vi.waitFor(() => expect(closed).toBeDefined());
    await clock.advance(250);
    expect(await outcome).toEqual(unavailable('no answer within 250 ms'));
    await closed;
  });

  test.each([
    { part: 'headers', start: 'HTTP/1.1 201 Created\r\n', drop: 'X-A: b\r\n' },
    { part: 'body', start: `${head}Content-Length: 50000\r\n\r\n`, drop: ' ' },
  ])('gives up at its deadline when the $part only drip', async ({ start, drop }) => {
    const clock = new FakeClock();
    let drops = 0;
    let closed: Promise<unknown> | undefined;
    const url = await startSocketServer((socket) => {
      void wholeRequest(socket).then(() => {
        closed = closeOf(socket);
        socket.write(start);
        const next = () => {
          if (socket.destroyed) return;
          drops += 1;
          socket.write(drop, () => setImmediate(next));
        };
        next();
      });
    });
    const outcome = delivererFor(url, { clock }).deliver(claimedEvent(), 10_000);
    await vi.waitFor(() => expect(drops).toBeGreaterThan(20));
    await clock.advance(9_999);
    expect(await Promise.race([outcome, Promise.resolve('still waiting')])).toBe('still waiting');
    await clock.advance(1);
    expect(await outcome).toEqual(unavailable('no answer within 10000 ms'));
    await closed;
  });

  test('leaves no timer behind', async () => {
    const clock = new FakeClock();
    const server = await startReplyServer((response) =>
      response.writeHead(201, { 'content-type': 'application/json' }).end(acceptance),
    );
    await delivererFor(server.url, { clock }).deliver(claimedEvent(), 10_000);
    expect(clock.pendingTimers).toBe(0);
  });

  test.each([
    { what: 'a key that no header can carry', change: { apiKey: `${testKey}\n` } },
    { what: 'a key beyond Latin-1', change: { apiKey: `${testKey}\u2026` } },
  ])('never rejects and never tells the key: $what', async ({ change }) => {
    const server = await startReplyServer((response) => response.writeHead(500).end());
    const outcome = await delivererFor(server.url, change).deliver(claimedEvent(), anySoonEnough);
    expect(outcome.kind).toBe('unavailable');
    expect(JSON.stringify(outcome)).not.toContain('CO.test');
  });

  test('under way when the deliverer closes ends as unavailable', async () => {
    let arrived = false;
    const url = await startSocketServer((socket) => void wholeRequest(socket).then(() => (arrived = true)));
    const deliverer = delivererFor(url);
    const outcome = deliverer.deliver(claimedEvent(), anySoonEnough);
    await vi.waitFor(() => expect(arrived).toBe(true));
    await deliverer.close();
    expect((await outcome).kind).toBe('unavailable');
    expect((await deliverer.deliver(claimedEvent(), anySoonEnough)).kind).toBe('unavailable');
  });
});
