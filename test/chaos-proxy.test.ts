// The proxy between the applications and their server: it passes on, cuts, stands still, and refuses when nobody is behind it.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../scripts/chaos/arena.ts';
import { DatabaseProxy } from '../scripts/chaos/postgres/proxy.ts';
import { waitFor } from './helpers.ts';

/** A proxy before a server that sends back what it gets, and a connection through it. */
async function scene() {
  const [port, serverPort] = [await freePort(), await freePort()];
  const behind = new Set<Socket>();
  const echo = createServer((socket) => {
    behind.add(socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  echo.listen(serverPort, '127.0.0.1');
  await once(echo, 'listening');
  const proxy = new DatabaseProxy({ port, serverPort });
  await proxy.listen();
  const client = connect({ port, host: '127.0.0.1' });
  const seen = { text: '', error: '' };
  client.on('data', (bytes: Buffer) => {
    seen.text += bytes.toString();
  });
  client.on('error', (error: NodeJS.ErrnoException) => {
    seen.error = error.code ?? '';
  });
  onTestFinished(async () => {
    client.destroy();
    proxy.close();
    for (const socket of behind) socket.destroy();
    echo.close();
  });
  client.write('one ');
  await waitFor('it comes back', () => seen.text === 'one ');
  return { proxy, client, seen, port, echo, behind };
}

test('it passes on both ways, and a cut resets both ends', async () => {
  const { proxy, seen, behind } = await scene();
  expect(proxy.cut()).toBe(1);
  await waitFor('the client is told', () => seen.error === 'ECONNRESET');
  await waitFor('the server is told', () => [...behind].every((socket) => socket.destroyed));
});

test('while it stands still nothing passes, and afterwards all of it does', async () => {
  const { proxy, client, seen } = await scene();
  proxy.freeze();
  client.write('two ');
  const through = connect({ port: proxy.port, host: '127.0.0.1' });
  onTestFinished(() => void through.destroy());
  await once(through, 'connect');
  let late = '';
  through.on('data', (bytes: Buffer) => {
    late += bytes.toString();
  });
  through.write('three ');
  // What passed would come back within a turn of the loop or two; a hundred are many.
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect([seen.text, late]).toEqual(['one ', '']);
  proxy.heal();
  await waitFor('both come back', () => seen.text === 'one two ' && late === 'three ');
});

test('where no server is it refuses, too', async () => {
  const { client, port, echo, behind } = await scene();
  client.destroy();
  for (const socket of behind) socket.destroy();
  echo.close();
  await once(echo, 'close');
  const refused = connect({ port, host: '127.0.0.1' });
  const [error] = await once(refused, 'error');
  expect(error).toMatchObject({ code: 'ECONNRESET' });
});
