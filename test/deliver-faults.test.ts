// A network and a gateway at their worst: whatever comes back, a delivery ends as one outcome.
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { claimedEvent, delivererFor } from './delivery.ts';
import { closeOf, startSocketServer, unusedPort, wholeRequest } from './reply-server.ts';

const acceptance = '{"status":true,"message":"Endpoint fanout event queued successfully","data":null}\n';
const head = 'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n';
const fullAnswer = `${head}Content-Length: ${acceptance.length}\r\n\r\n${acceptance}`;
const anySoonEnough = 10_000;

/** Delivers to a server that behaves as `script` says once the whole request has arrived. */
async function deliverTo(script: (socket: Socket) => void) {
  const url = await startSocketServer((socket) => {
    void wholeRequest(socket).then(() => script(socket));
  });
  return delivererFor(url).deliver(claimedEvent(), anySoonEnough);
}

const unavailable = (reason: string | RegExp) => ({
  kind: 'unavailable',
  reason: expect.stringMatching(reason),
  retryAfterMs: null,
  check: null,
});

describe('a connection', () => {
  test('that is refused', async () => {
    const url = `http://127.0.0.1:${await unusedPort()}`;
    expect(await delivererFor(url).deliver(claimedEvent(), anySoonEnough)).toEqual(
      unavailable('ECONNREFUSED'),
    );
  });

  test('to a host that has no address', async () => {
    const outcome = await delivererFor('http://no-such-host.invalid').deliver(claimedEvent(), anySoonEnough);
    expect(outcome).toEqual(unavailable(/ENOTFOUND|EAI_AGAIN/));
  });

  test('that is reset before anything is read', async () => {
    const url = await startSocketServer((socket) => socket.resetAndDestroy());
    expect(await delivererFor(url).deliver(claimedEvent(), anySoonEnough)).toEqual(
      unavailable(/ECONNRESET|other side closed/),
    );
  });

  test('that is reset after the request was read', async () => {
    expect(await deliverTo((socket) => socket.resetAndDestroy())).toEqual(
      unavailable(/ECONNRESET|other side closed/),
    );
  });

  test('that is closed without an answer', async () => {
    expect(await deliverTo((socket) => socket.end())).toEqual(unavailable('other side closed'));
  });

  test('that dies once does not harm the next delivery', async () => {
    let connections = 0;
    const url = await startSocketServer((socket) => {
      connections += 1;
      if (connections === 1) socket.resetAndDestroy();
      else void wholeRequest(socket).then(() => socket.write(fullAnswer));
    });
    const deliverer = delivererFor(url);
    expect((await deliverer.deliver(claimedEvent(), anySoonEnough)).kind).toBe('unavailable');
    expect(await deliverer.deliver(claimedEvent(), anySoonEnough)).toEqual({ kind: 'accepted' });
  });
});

describe('an answer', () => {
  test('that is cut off by its length is no answer', async () => {
    const outcome = await deliverTo((socket) =>
      socket.end(`${head}Content-Length: 500\r\n\r\n${acceptance}`),
    );
    expect(outcome).toEqual(unavailable('other side closed'));
  });

  test('that is cut off between chunks is no answer', async () => {
    const chunk = `${acceptance.length.toString(16)}\r\n${acceptance}\r\n`;
    const outcome = await deliverTo((socket) =>
      socket.end(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk}`),
    );
    expect(outcome.kind).toBe('unavailable');
  });

  test('whose connection is reset after its end counts', async () => {
    const outcome = await deliverTo((socket) => socket.write(fullAnswer, () => socket.resetAndDestroy()));
    expect(outcome).toEqual({ kind: 'accepted' });
  });

  test('in pieces counts as a whole', async () => {
    const outcome = await deliverTo(async (socket) => {
      for (const piece of fullAnswer.match(/[\s\S]{1,7}/g) ?? []) {
        socket.write(piece);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    expect(outcome).toEqual({ kind: 'accepted' });
  });

  test('that speaks another protocol', async () => {
    const outcome = await deliverTo((socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n'));
    expect(outcome).toEqual(unavailable('HTTPParserError'));
  });

  test('that switches protocols', async () => {
    const outcome = await deliverTo((socket) =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
    );
    expect(outcome.kind).toBe('unavailable');
  });

  test('that comes after early hints counts', async () => {
    const outcome = await deliverTo((socket) =>
      socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${fullAnswer}`),
    );
    expect(outcome).toEqual({ kind: 'accepted' });
  });

  test('with endless headers is given up', async () => {
    const outcome = await deliverTo((socket) =>
      socket.write(`${head}${'X-Filler: 0123456789\r\n'.repeat(20_000)}`),
    );
    expect(outcome).toEqual(unavailable(/HEADERS_OVERFLOW/));
  });

  test('of 60 MB is given up after a little of it', async () => {
    let written = 0;
    let closed: Promise<unknown> = Promise.resolve();
    const outcome = await deliverTo((socket) => {
      closed = closeOf(socket);
      socket.write(`${head}Content-Length: 60000000\r\n\r\n`);
      const more = () => {
        while (written < 60_000_000 && socket.writable) {
          written += 65_536;
          if (!socket.write(Buffer.alloc(65_536, 32))) return;
        }
      };
      socket.on('drain', more);
      more();
    });
    expect(outcome).toEqual(unavailable('HTTP 201: answer longer than 65536 bytes'));
    await closed;
    expect(written).toBeLessThan(30_000_000);
  });
});
