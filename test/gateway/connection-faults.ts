// What can go wrong with a connection: while it is made, and before an answer begins.
import { wholeRequest } from '../reply-server.ts';
import { type FaultRow, late, nobodyThere, notNow, passing } from './consequence.ts';
import { accept, type Exchange, type FaultyGateway } from './faulty-gateway.ts';

const gone = /ECONNRESET|other side closed|EPIPE/;

export const connectionFaults: readonly FaultRow[] = [
  { what: 'connection refused', fault: { isRefusing: true }, becomes: nobodyThere, reason: /ECONNREFUSED/ },
  {
    what: 'black hole: no packet is answered',
    fault: { isBlackHole: true },
    becomes: nobodyThere,
    ...late,
    reason: /^no connection within 10000 ms$|UND_ERR_CONNECT_TIMEOUT/,
  },
  {
    what: 'no address for the host name',
    host: 'no-such-host.invalid',
    fault: {},
    becomes: nobodyThere,
    reason: /ENOTFOUND|EAI_AGAIN/,
  },
  {
    what: 'TLS: a certificate that nobody trusted signed',
    fault: { certificate: 'self-signed' },
    becomes: nobodyThere,
    reason: /DEPTH_ZERO_SELF_SIGNED_CERT/,
  },
  {
    what: 'TLS: a certificate that has expired',
    fault: { certificate: 'expired' },
    becomes: nobodyThere,
    reason: /CERT_HAS_EXPIRED/,
  },
  {
    what: 'TLS: the certificate of another host',
    fault: { certificate: 'other-host' },
    becomes: nobodyThere,
    reason: /ERR_TLS_CERT_ALTNAME_INVALID/,
  },
  {
    what: 'reset before the request is read',
    fault: { onConnection: (socket) => socket.resetAndDestroy() },
    becomes: notNow,
    reason: gone,
  },
  {
    what: 'reset after the request was read, and Convoy has the event',
    fault: { onRequest: ({ socket, store }) => [store(), socket.resetAndDestroy()] },
    becomes: notNow,
    reason: gone,
  },
  {
    what: 'closed without an answer',
    fault: { onRequest: ({ socket }) => socket.end() },
    becomes: notNow,
    reason: /other side closed/,
  },
  ...(['resetAndDestroy', 'end'] as const).map((close) => ({
    what: `a kept connection that dies as it is used again (${close})`,
    isWarm: true as const,
    fault: {
      onRequest: (exchange: Exchange, { requests }: FaultyGateway) =>
        requests.length === 2 ? exchange.socket[close]() : accept(exchange),
    },
    becomes: passing,
    reason: gone,
  })),
  {
    what: 'accepted connection, no answer ever',
    fault: { onConnection: (socket, gateway) => void wholeRequest(socket).then(() => gateway.hold(socket)) },
    becomes: notNow,
    ...late,
  },
  {
    what: 'an acceptance slower than the deadline, and Convoy has the event',
    fault: { onRequest: ({ socket, store }, gateway) => [store(), gateway.hold(socket)] },
    becomes: notNow,
    ...late,
  },
];
