// What Convoy, or something in its place, can answer: every row of the contract, and Retry-After in all its forms.
import type { Clock } from '../../apps/outbox/clock.ts';
import { acceptedRows, type ContractRow, rejectedRows, unavailableRows } from '../contract-table.ts';
import {
  aboutTheEvent,
  askedToWait,
  type Consequence,
  type FaultRow,
  notNow,
  taken,
  wrongSetting,
} from './consequence.ts';
import type { Exchange, Fault } from './faulty-gateway.ts';

const secondMs = 1_000;
const minuteMs = 60_000;

function consequenceOf({ means, isSetting, retryAfterMs }: ContractRow): Consequence {
  if (means === 'accepted') return taken;
  if (means === 'rejected') return aboutTheEvent;
  if (isSetting === true) return wrongSetting;
  return retryAfterMs === undefined ? notNow : askedToWait;
}

/** Redirects point to `elsewhere`, a server that must see nothing. */
function answerOf(row: ContractRow): Fault {
  return {
    onRequest: ({ response, store }, { elsewhere }) => {
      if (row.means === 'accepted' || row.isStored === true) store();
      const type = row.contentType === '' ? {} : { 'content-type': row.contentType };
      const location = row.headers?.location === undefined ? {} : { location: `${elsewhere}/somewhere` };
      response.writeHead(row.status, { ...type, ...row.headers, ...location }).end(row.body);
    },
  };
}

const contract: readonly FaultRow[] = [...acceptedRows, ...rejectedRows, ...unavailableRows].map((row) => ({
  what: `HTTP ${row.status}, ${row.situation}`,
  fault: answerOf(row),
  becomes: consequenceOf(row),
  ...(row.means === 'accepted' ? {} : { reason: new RegExp(`^HTTP ${row.status}`) }),
  ...(row.retryAfterMs === undefined ? {} : { pauseMs: row.retryAfterMs }),
}));

function limited(what: string, retryAfter: string | ((clock: Clock) => string), pauseMs: number): FaultRow {
  const answer = ({ response }: Exchange, { clock }: { readonly clock: Clock }) => {
    const value = typeof retryAfter === 'string' ? retryAfter : retryAfter(clock);
    response.writeHead(429, value === '' ? {} : { 'retry-after': value }).end();
  };
  const fault = { onRequest: answer };
  return {
    what: `HTTP 429, Retry-After ${what}`,
    fault,
    becomes: askedToWait,
    reason: /^HTTP 429$/,
    pauseMs,
  };
}

const retryAfter: readonly FaultRow[] = [
  limited('of two minutes', '120', 2 * minuteMs),
  limited('as a date', (clock) => new Date(clock.nowMs() + 42_000).toUTCString(), 42 * secondMs),
  limited('as a date gone by', () => 'Thu, 01 Jan 1970 00:00:00 GMT', secondMs),
  limited('of 0', '0', secondMs),
  limited('missing', '', secondMs),
  limited('below 0', '-5', secondMs),
  limited('in words', 'soon', secondMs),
  limited('of ages', '99999999999999999999', 5 * minuteMs),
  limited('as a date far away', () => 'Fri, 31 Dec 9999 23:59:59 GMT', 5 * minuteMs),
];

const refused = unavailableRows.find(({ status }) => status === 401);
const notFound = unavailableRows.find(({ status }) => status === 404);

const lasting: readonly FaultRow[] = [
  ...(refused === undefined ? [] : [{ row: refused, what: 'a 401 blip', forMs: 0 }]),
  ...[refused, notFound].map((row) => ({
    row,
    what: `HTTP ${row?.status} until somebody mends it`,
    forMs: 3 * 60 * minuteMs,
  })),
].flatMap(({ row, what, forMs }) =>
  row === undefined ? [] : [{ what, forMs, fault: answerOf(row), becomes: wrongSetting }],
);

export const answerFaults: readonly FaultRow[] = [...contract, ...retryAfter, ...lasting];
