// How a delivery ends, whatever it is given: as one outcome, with nothing left behind.
import { describe, expect, test, vi } from 'vitest';
import { claimedEvent, delivererFor, testKey } from './delivery.ts';
import { FakeClock } from './fake-clock.ts';
import { startReplyServer, startSocketServer, wholeRequest } from './reply-server.ts';

const acceptance = '{"status":true,"message":"Endpoint fanout event queued successfully","data":null}\n';
const anySoonEnough = 10_000;

describe('a delivery', () => {
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

  test.each([201, 400, 500])(
    'with HTTP %i tells no part of a key that the answer repeats where it is cut',
    async (status) => {
      const apiKey = 'CO."marked".key/of-a-test';
      const server = await startReplyServer((response, { headers }) => {
        const message = `${'x'.repeat(280)} ${headers.authorization}`;
        const body = JSON.stringify({ status: false, message });
        response.writeHead(status, { 'content-type': 'application/json' }).end(body);
      });
      const outcome = await delivererFor(server.url, { apiKey }).deliver(claimedEvent(), anySoonEnough);
      expect(outcome).toMatchObject({ reason: expect.stringContaining('xxx Bearer ***') });
      expect(JSON.stringify(outcome)).not.toContain('CO.');
    },
  );

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
