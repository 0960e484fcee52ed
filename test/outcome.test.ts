// What one complete reply means. Every row of Convoy's measured behaviour is in contract-table.ts; it runs here as a
// pure function and in gateway/matrix.test.ts over HTTP.
import { describe, expect, test } from 'vitest';
import {
  longestRetryAfterMs,
  outcomeOfFailure,
  outcomeOfReply,
  type Reply,
} from '../apps/relayer/outcome.ts';
import { acceptedRows, type ContractRow, rejectedRows, unavailableRows } from './contract-table.ts';

const nowMs = Date.UTC(2026, 0, 1, 12);
const context = { nowMs: () => nowMs, mask: (text: string) => text };

function outcomeOf(row: ContractRow) {
  const { status, contentType, body } = row;
  return outcomeOfReply({ status, contentType, body, retryAfter: row.headers?.['retry-after'] }, context);
}

function reply(change: Partial<Reply>): Reply {
  return { status: 503, contentType: 'text/plain', retryAfter: undefined, body: '', ...change };
}

function unavailable(change: Partial<Reply>) {
  const outcome = outcomeOfReply(reply(change), context);
  if (outcome.kind !== 'unavailable') throw new Error(`expected unavailable, got ${outcome.kind}`);
  return outcome;
}

describe('a reply', () => {
  test.each(acceptedRows)('that means accepted: $situation', (row) => {
    expect(outcomeOf(row)).toEqual({ kind: 'accepted' });
  });

  test.each(rejectedRows)('that is about the event itself: $situation', (row) => {
    expect(outcomeOf(row)).toMatchObject({
      kind: 'rejected',
      reason: expect.stringContaining(`HTTP ${row.status}`),
    });
  });

  test.each(unavailableRows)('that is no verdict on the event: $situation', (row) => {
    expect(outcomeOf(row)).toEqual({
      kind: 'unavailable',
      reason: expect.stringContaining(`HTTP ${row.status}`),
      reach: 'reached',
      retryAfterMs: row.retryAfterMs ?? null,
      check: row.isSetting === true ? expect.stringMatching(/^CONVOY_/) : null,
    });
  });

  test('names the key when it is refused and the URL when something else answers', () => {
    expect(unavailable({ status: 401 }).check).toContain('CONVOY_API_KEY');
    expect(unavailable({ status: 404 }).check).toContain('CONVOY_BASE_URL');
  });

  test.each(['7', '{"toString":1,"valueOf":1}'])('is accepted whatever the message is: %s', (message) => {
    const body = `{"status":true,"message":${message}}`;
    const outcome = outcomeOfReply(reply({ status: 201, contentType: 'application/json', body }), context);
    expect(outcome).toEqual({ kind: 'accepted' });
  });

  test.each([
    { what: 'without a status', body: '{"message":"body must be an object"}' },
    { what: 'in a list', body: '{"status":false,"message":["body must be an object"]}' },
  ])('with a complaint $what is not about the event', ({ body }) => {
    expect(unavailable({ status: 400, contentType: 'application/json', body }).kind).toBe('unavailable');
  });

  test('is JSON by its content type in any case and with parameters', () => {
    const body = '{"status":true}';
    for (const contentType of ['application/json', 'Application/JSON; charset=utf-8', 'application/json;x']) {
      expect(outcomeOfReply(reply({ status: 201, contentType, body }), context)).toEqual({
        kind: 'accepted',
      });
    }
  });

  test.each(['null', '[]', '[true]', '"status"', 'true', '1', '{}', '{"status":1}', '{"status":null}', ''])(
    'is never accepted with the body %j',
    (body) => {
      const outcome = outcomeOfReply(reply({ status: 201, contentType: 'application/json', body }), context);
      expect(outcome.kind).toBe('unavailable');
    },
  );
});

describe('Retry-After', () => {
  const inSeconds = (seconds: number) => new Date(nowMs + seconds * 1_000).toUTCString();

  test.each([
    { given: '7', waitMs: 7_000 },
    { given: ' 12 ', waitMs: 12_000 },
    { given: '0', waitMs: 0 },
    { given: inSeconds(90), waitMs: 90_000 },
    { given: inSeconds(-90), waitMs: 0 },
    { given: '301', waitMs: longestRetryAfterMs },
    { given: '99999999999999999999', waitMs: longestRetryAfterMs },
    { given: inSeconds(86_400), waitMs: longestRetryAfterMs },
    { given: 'soon', waitMs: null },
    { given: '', waitMs: null },
    { given: '1.5', waitMs: null },
    { given: '-5', waitMs: null },
    { given: undefined, waitMs: null },
  ])('of $given waits $waitMs ms', ({ given, waitMs }) => {
    expect(unavailable({ retryAfter: given }).retryAfterMs).toBe(waitMs);
  });

  test('of a rate limit is a second when it says nothing usable', () => {
    expect(unavailable({ status: 429 }).retryAfterMs).toBe(1_000);
    expect(unavailable({ status: 429, retryAfter: 'soon' }).retryAfterMs).toBe(1_000);
    expect(unavailable({ status: 429, retryAfter: '3' }).retryAfterMs).toBe(3_000);
  });
});

describe('a reason', () => {
  test('is one line without control characters, and short', () => {
    const { reason } = unavailable({ body: `a\r\nb\u0000c\u001b[31m${'x'.repeat(10_000)}` });
    expect(reason).toMatch(/^HTTP 503: a b c \[31mx+$/);
    expect(reason.length).toBeLessThan(350);
  });

  test.each(['7', 'null', '{"toString":1,"valueOf":1}', '[["a"]]'])(
    'quotes the body when the message in it is no text: %s',
    (message) => {
      const body = `{"status":false,"message":${message}}`;
      const { reason } = unavailable({ contentType: 'application/json', body });
      expect(reason).toBe(`HTTP 503: ${body}`);
    },
  );

  test('quotes the body when there is no message in it', () => {
    const { reason } = unavailable({ contentType: 'application/json', body: '{"status":false}' });
    expect(reason).toBe('HTTP 503: {"status":false}');
  });

  test('is the status alone when the reply says nothing', () => {
    expect(unavailable({ body: ' \n' }).reason).toBe('HTTP 503');
  });

  test('of a request without a reply is what was seen', () => {
    expect(outcomeOfFailure({ reason: 'ECONNREFUSED', reach: 'unreached' })).toEqual({
      kind: 'unavailable',
      reason: 'ECONNREFUSED',
      reach: 'unreached',
      retryAfterMs: null,
      check: null,
    });
  });
});
