// The live page's server: what it says, when it asks the database, and who serves.
import { expect, onTestFinished, test } from 'vitest';
import { Broadcast } from '../apps/relayer/status/broadcast.ts';
import type { Chronicle } from '../apps/relayer/status/chronicle.ts';
import type { Moment } from '../apps/relayer/status/moment.ts';
import { createStatusServer } from '../apps/relayer/status/server.ts';
import { FakeClock } from './fake-clock.ts';
import { waitFor } from './helpers.ts';
import { insertEvent, insertEvents, plainConnection } from './outbox-database.ts';
import { ask, listen, startStatus } from './status-rig.ts';

test('/healthz says that it lives, /readyz whether it can work, and why not', async () => {
  const { port, meters } = await startStatus();
  expect(await ask(port, '/healthz')).toMatchObject({ status: 200, body: 'alive\n' });
  expect(await ask(port, '/readyz')).toMatchObject({ status: 200, body: '{"ready":true,"reasons":[]}\n' });
  meters.isSendingAllowed = false;
  meters.gatewayBecame({ kind: 'paused', reason: 'HTTP 503', pauseMs: 1, probeAtMs: 0, freshProbeAtMs: 0 });
  const { status, body } = await ask(port, '/readyz');
  expect(status).toBe(503);
  expect(JSON.parse(body).reasons).toEqual([
    expect.stringContaining('not confirmed the project'),
    expect.stringContaining('HTTP 503'),
  ]);
});

test('a page hears at once what there is, then each second, and nothing of a payload', async () => {
  const { port, file } = await startStatus();
  const db = plainConnection(file);
  insertEvents(db, 3);
  insertEvent(db, { status: 'dead', last_error: 'HTTP 413: too big', payload: '{"secret":"in-no-page"}' });
  const heard = listen(port);
  await waitFor('two moments', () => heard.events.filter(({ event }) => event === 'moment').length === 2);
  const first = (name: string) => heard.events.find(({ event }) => event === name)?.data;
  expect(first('about')).toMatchObject({ relayer: '00', database: file });
  expect(first('moment')).toMatchObject({
    pending: { events: 3, isExact: true },
    dead: { events: 1, isExact: true },
    verdict: { level: 'trouble', title: '1 event is dead' },
  });
  expect(first('chronicle')).toMatchObject({ dead: [{ reason: 'HTTP 413: too big', events: 1 }] });
  expect(first('past')).toHaveLength(180);
  expect(JSON.stringify(heard.events)).not.toContain('in-no-page');
});

test('a page that comes back hears of the time since its last moment only', async () => {
  const { port } = await startStatus();
  const heard = listen(port, { 'Last-Event-ID': String(Date.now() - 17_000) });
  const past = await waitFor('the past', () => heard.events.find(({ event }) => event === 'past'));
  expect(past.data).toHaveLength(3);
});

test('the database is asked only while somebody listens, once for all of them', async () => {
  const clock = new FakeClock();
  let looks = 0;
  const broadcast = new Broadcast({
    clock,
    watch: () => ({
      moments: {
        async next() {
          looks += 1;
          return { atMs: looks, dead: { events: 0 } } as Moment;
        },
      },
      chronicler: { read: async () => ({}) as Chronicle },
    }),
    past: async () => [],
    judge: () => ({ level: 'well', title: '', advice: '' }),
    about: {},
    onError: (error) => {
      throw error;
    },
  });
  const join = () => {
    let leave = () => {};
    const reply = broadcast.join(undefined);
    if (reply.kind !== 'stream') throw new Error('a stream was expected');
    reply.open({
      send: () => {},
      onGone(callback) {
        leave = callback;
      },
    });
    return () => leave();
  };
  await clock.advance(60_000);
  expect([looks, clock.pendingTimers]).toEqual([0, 0]);
  const leavers = [join(), join(), join()];
  await clock.advance(9_500);
  expect(looks).toBe(10);
  for (const leave of leavers) leave();
  expect(clock.pendingTimers).toBe(0);
  await clock.advance(60_000);
  expect(looks).toBe(10);
});

test('a relayer without the port waits quietly and serves when it is free', async () => {
  const first = await startStatus();
  const second = await startStatus({ file: first.file, port: first.port });
  await waitFor('the second to be told', () => second.log.count('the live page is not served here') === 1);
  const page = listen(first.port);
  await waitFor('a moment', () => page.events.some(({ event }) => event === 'moment'));
  await first.stop();
  await waitFor('the page to lose its server', () => page.isGone);
  await waitFor('the second to serve', () => second.log.count('live page') === 1);
  expect((await ask(first.port, '/healthz')).status).toBe(200);
  expect(second.log.lines.filter(({ level }) => level !== 'info')).toEqual([]);
});

test('a port that is taken for long leaves nothing behind of the tries', async () => {
  const { port, stop } = await startStatus();
  const warnings: string[] = [];
  const onWarning = ({ message }: Error) => void warnings.push(message);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  const server = createStatusServer({
    answer: () => expect.unreachable(),
    onError: () => expect.unreachable(),
  });
  for (let tries = 0; tries < 15; tries++) {
    await expect(server.listen(port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  }
  await stop();
  expect(await server.listen(port)).toBe(port);
  await server.close();
  expect(warnings).toEqual([]);
});

test('what cannot be read is said, and the relayer is not harmed', async () => {
  const { port, store, log } = await startStatus();
  store.glance = () => Promise.reject(new Error('disk I/O error'));
  const heard = listen(port);
  await waitFor('a blind moment', () => heard.events.some(({ event }) => event === 'blind'));
  expect((await ask(port, '/metrics')).status).toBe(500);
  expect((await ask(port, '/healthz')).status).toBe(200);
  expect(log.count('the live page could not be answered')).toBeGreaterThan(0);
});
