// What can go wrong with the bytes of an answer, whatever they say.
import type { Socket } from 'node:net';
import { type FaultRow, late, notNow, taken } from './consequence.ts';
import type { Exchange, Fault, FaultyGateway } from './faulty-gateway.ts';

const head = 'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n';
const acceptance = '{"status":true,"message":"Endpoint fanout event queued successfully","data":null}\n';
const fullAnswer = `${head}Content-Length: ${acceptance.length}\r\n\r\n${acceptance}`;
const chunk = `${acceptance.length.toString(16)}\r\n${acceptance}\r\n`;

function raw(write: (socket: Socket, gateway: FaultyGateway) => void): Fault {
  return { onRequest: ({ socket }, gateway) => write(socket, gateway) };
}

/** An answer whose bytes come one by one and never end. */
function drip(start: string, drop: string): Fault {
  return raw((socket, gateway) => {
    let drops = 0;
    const next = () => {
      drops += 1;
      if (drops === 20) gateway.hold(socket);
      if (drops < 500 && !socket.destroyed) socket.write(drop, () => setImmediate(next));
    };
    socket.write(start, next);
  });
}

/** As much as the other side takes, up to 60 MB. */
function flood(socket: Socket): void {
  let written = 0;
  const more = () => {
    while (written < 60_000_000 && socket.writable) {
      written += 65_536;
      if (!socket.write(Buffer.alloc(65_536, 32))) return;
    }
  };
  socket.on('drain', more);
  socket.write(`${head}Content-Length: 60000000\r\n\r\n`, more);
}

function acceptInPieces({ socket, store }: Exchange): void {
  store();
  const pieces = fullAnswer.match(/[\s\S]{1,7}/g) ?? [];
  const next = () => {
    const piece = pieces.shift();
    if (piece !== undefined) socket.write(piece, () => setImmediate(next));
  };
  next();
}

const answering: readonly FaultRow[] = [
  {
    what: 'headers that drip',
    fault: drip('HTTP/1.1 201 Created\r\n', 'X-A: b\r\n'),
    becomes: notNow,
    ...late,
  },
  {
    what: 'a body that drips',
    fault: drip(`${head}Content-Length: 50000\r\n\r\n`, ' '),
    becomes: notNow,
    ...late,
  },
  {
    what: 'a body cut off by its length',
    fault: raw((socket) => socket.end(`${head}Content-Length: 500\r\n\r\n${acceptance}`)),
    becomes: notNow,
    reason: /other side closed/,
  },
  {
    what: 'a body cut off between chunks',
    fault: raw((socket) => socket.end(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk}`)),
    becomes: notNow,
    reason: /other side closed|ECONNRESET|terminated/,
  },
  {
    what: 'a body of 60 MB',
    fault: raw(flood),
    becomes: notNow,
    reason: /^HTTP 201: answer longer than 65536 bytes$/,
  },
  {
    what: 'endless headers',
    fault: raw((socket) => void socket.write(`${head}${'X-Filler: 0123456789\r\n'.repeat(1_000)}`)),
    becomes: notNow,
    reason: /HEADERS_OVERFLOW/,
  },
  {
    what: 'another protocol',
    fault: raw((socket) => void socket.write('SSH-2.0-OpenSSH_9.6\r\n')),
    becomes: notNow,
    reason: /HTTPParserError/,
  },
  {
    what: 'a switch of protocols',
    fault: raw((socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
    }),
    becomes: notNow,
    reason: /upgrade/i,
  },
];

const harmless: readonly FaultRow[] = [
  { what: 'an acceptance in pieces', fault: { onRequest: acceptInPieces }, becomes: taken },
  {
    what: 'an acceptance after early hints',
    fault: {
      onRequest: ({ socket, store }) => {
        store();
        socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${fullAnswer}`);
      },
    },
    becomes: taken,
  },
  {
    what: 'an acceptance followed by a reset',
    fault: {
      onRequest: ({ socket, store }) => {
        store();
        socket.write(fullAnswer, () => socket.resetAndDestroy());
      },
    },
    becomes: taken,
  },
];

export const byteFaults: readonly FaultRow[] = [...answering, ...harmless];
