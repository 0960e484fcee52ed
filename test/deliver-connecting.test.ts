// A deadline that passes while the connection is still being made: nothing may be sent afterwards, because somebody
// else may hold the event by then.
import dns from 'node:dns';
import { expect, test, vi } from 'vitest';
import { claimedEvent, delivererFor } from './delivery.ts';
import { FakeClock } from './fake-clock.ts';
import { startReplyServer } from './reply-server.ts';

/** Holds every look-up of a name until it is let go: the one part of connecting that can be made slow on purpose. */
function holdLookups() {
  const held: (() => void)[] = [];
  const lookup = dns.lookup.bind(dns) as (...args: unknown[]) => void;
  vi.spyOn(dns, 'lookup').mockImplementation(((...args: unknown[]) => {
    held.push(() => lookup(...args));
  }) as typeof dns.lookup);
  return held;
}

test('an event whose deadline passed while connecting is never sent', async () => {
  const server = await startReplyServer((response) => {
    response.writeHead(201, { 'content-type': 'application/json' }).end('{"status":true}');
  });
  const held = holdLookups();
  const clock = new FakeClock();
  const deliverer = delivererFor(server.url.replace('127.0.0.1', 'localhost'), { clock, concurrency: 1 });
  const late = deliverer.deliver(claimedEvent({ id: 'late' }), 10_000);
  await vi.waitFor(() => expect(held).toHaveLength(1));
  await clock.advance(10_000);
  expect(await late).toMatchObject({
    kind: 'unavailable',
    reason: 'no connection within 10000 ms',
    reach: 'unreached',
  });

  vi.restoreAllMocks();
  for (const letGo of held) letGo();
  // One connection at a time: when the next event has been sent, the late one would have been before it.
  expect(await deliverer.deliver(claimedEvent({ id: 'next' }), 10_000)).toEqual({ kind: 'accepted' });
  expect(server.requests.map(({ body }) => JSON.parse(body).idempotency_key)).toEqual(['next']);
});

test('an event whose deadline passed while this process stood still is never sent, though no timer has told it yet', async () => {
  const server = await startReplyServer((response) => {
    response.writeHead(201, { 'content-type': 'application/json' }).end('{"status":true}');
  });
  const held = holdLookups();
  const clock = new FakeClock();
  const deliverer = delivererFor(server.url.replace('127.0.0.1', 'localhost'), { clock, concurrency: 1 });
  const late = deliverer.deliver(claimedEvent({ id: 'late' }), 10_000);
  await vi.waitFor(() => expect(held).toHaveLength(1));
  // Time has passed and no timer has run: so it is after a standstill, when the connection is what comes first.
  clock.stall(10_000);
  vi.restoreAllMocks();
  for (const letGo of held) letGo();
  expect(await late).toMatchObject({
    kind: 'unavailable',
    reason: 'no connection within 10000 ms',
    reach: 'unreached',
  });
  expect(server.requests).toEqual([]);
});

test('an event whose deadline passed while it waited for a connection is never sent', async () => {
  const answers: (() => void)[] = [];
  const server = await startReplyServer((response) => {
    answers.push(() =>
      response.writeHead(201, { 'content-type': 'application/json' }).end('{"status":true}'),
    );
  });
  const clock = new FakeClock();
  const deliverer = delivererFor(server.url, { clock, concurrency: 1 });
  const first = deliverer.deliver(claimedEvent({ id: 'first' }), 20_000);
  await vi.waitFor(() => expect(answers).toHaveLength(1));
  const late = deliverer.deliver(claimedEvent({ id: 'late' }), 10_000);
  await clock.advance(10_000);
  expect((await late).kind).toBe('unavailable');
  answers[0]?.();
  expect(await first).toEqual({ kind: 'accepted' });
  const next = deliverer.deliver(claimedEvent({ id: 'next' }), 10_000);
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  answers[1]?.();
  expect(await next).toEqual({ kind: 'accepted' });
  expect(server.requests.map(({ body }) => JSON.parse(body).idempotency_key)).toEqual(['first', 'next']);
});
