// The live page against whoever should not see it, and whoever asks for too much: who may ask, what a browser is allowed, how much
// the server takes.
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { refusalOf } from '../apps/relayer/status/guest.ts';
import { createStatusServer } from '../apps/relayer/status/server.ts';
import { waitFor } from './helpers.ts';
import { ask, listen, startStatus } from './status-rig.ts';

test.each([
  ['localhost', true],
  ['localhost:5057', true],
  ['127.0.0.1:8080', true],
  ['127.1.2.3', true],
  ['[::1]:5057', true],
  ['LOCALHOST:5057', true],
  ['rebinding.example', false],
  ['localhost.example:5057', false],
  ['127.0.0.1.example', false],
  ['10.0.0.7:5057', false],
  ['0.0.0.0:5057', false],
  ['user@localhost', false],
  ['', false],
  [undefined, false],
])('the host %s is answered: %s', (host, isWelcome) => {
  expect(refusalOf({ host, fetchSite: undefined, fetchMode: undefined }) === null).toBe(isWelcome);
});

test.each([
  ['none', 'navigate', true],
  ['same-origin', 'cors', true],
  ['cross-site', 'navigate', true],
  ['cross-site', 'cors', false],
  ['cross-site', 'no-cors', false],
  ['same-site', 'cors', false],
])('a browser asking %s by %s is answered: %s', (fetchSite, fetchMode, isWelcome) => {
  expect(refusalOf({ host: 'localhost', fetchSite, fetchMode }) === null).toBe(isWelcome);
});

test('everything is refused to another host name, and nothing can be changed', async () => {
  const { port } = await startStatus();
  for (const path of ['/', '/events', '/metrics', '/healthz', '/readyz', '/main.js']) {
    const refused = await ask(port, path, { headers: { Host: 'rebinding.example' } });
    expect([path, refused.status]).toEqual([path, 403]);
    for (const method of ['POST', 'PUT', 'DELETE']) {
      expect([path, (await ask(port, path, { method })).status]).toEqual([path, 405]);
    }
  }
});

test('every answer lets a browser load nothing from elsewhere and run nothing inline', async () => {
  const { port } = await startStatus();
  for (const path of [
    '/',
    '/main.js',
    '/uplot.js',
    '/metrics',
    '/nowhere',
    '/../package.json',
    '/__proto__',
  ]) {
    const { headers, status } = await ask(port, path);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    expect([path, status]).toEqual([path, /nowhere|package|proto/.test(path) ? 404 : 200]);
  }
  const { body } = await ask(port, '/');
  expect(body).not.toMatch(/<script(?![^>]*src=)|<style|\son\w+=|style=/);
  const loaded = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
  expect(loaded.length).toBeGreaterThan(5);
  for (const path of loaded) expect([path, (await ask(port, path)).status]).toEqual([path, 200]);
});

test('so many listeners, and no more', async () => {
  const { port } = await startStatus();
  const many = Array.from({ length: 16 }, () => listen(port));
  await waitFor('all to be served', () => many.every(({ status }) => status === 200));
  expect((await ask(port, '/events')).status).toBe(503);
  many[0]?.leave();
  await waitFor('a free place', async () => {
    const next = listen(port);
    await waitFor('an answer', () => next.status > 0);
    return next.status === 200;
  });
});

test('a listener that does not read is dropped', async () => {
  let dropped = false;
  const server = createStatusServer({
    onError: () => {},
    answer: async () => ({
      kind: 'stream',
      open: (listener) => {
        listener.onGone(() => {
          dropped = true;
        });
        for (let n = 0; n < 200; n++) listener.send('x'.repeat(100_000));
      },
    }),
  });
  try {
    const socket = connect(await server.listen(0), '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    socket.pause();
    await waitFor('the listener to be dropped', () => dropped);
    socket.destroy();
  } finally {
    await server.close();
  }
});
