// Every answer of Convoy's measured behaviour, over real HTTP, through the deliverer.
import { expect, test } from 'vitest';
import { acceptedRows, type ContractRow, rejectedRows, unavailableRows } from './contract-table.ts';
import { claimedEvent, delivererFor } from './delivery.ts';
import { startReplyServer } from './reply-server.ts';

async function deliverTo(row: ContractRow) {
  const server = await startReplyServer((response) => {
    response.writeHead(row.status, {
      ...(row.contentType === '' ? {} : { 'content-type': row.contentType }),
      ...row.headers,
    });
    response.end(row.body);
  });
  const outcome = await delivererFor(server.url).deliver(claimedEvent(), 10_000);
  // A redirect is not followed, and nothing is sent twice.
  expect(server.requests).toHaveLength(1);
  return outcome;
}

test.each([...acceptedRows, ...rejectedRows, ...unavailableRows])('$situation: $means', async (row) => {
  const outcome = await deliverTo(row);
  expect(outcome.kind).toBe(row.means);
  if (outcome.kind !== 'unavailable') return;
  expect(outcome.retryAfterMs).toBe(row.retryAfterMs ?? null);
  expect(outcome.check !== null).toBe(row.isSetting === true);
});

test('a Retry-After in the form of a date is measured against the clock', async () => {
  const nowMs = Date.UTC(2026, 0, 1);
  const server = await startReplyServer((response) => {
    response.writeHead(503, { 'retry-after': new Date(nowMs + 42_000).toUTCString() }).end();
  });
  const clock = { nowMs: () => nowMs, monotonicMs: () => 0, after: () => () => {}, soon: () => () => {} };
  const outcome = await delivererFor(server.url, { clock }).deliver(claimedEvent(), 10_000);
  expect(outcome).toMatchObject({ kind: 'unavailable', retryAfterMs: 42_000 });
});
