// Convoy 26.7.3's measured answers to a delivery, row by row, and what each means for the event.
import type { Outcome } from '../apps/relayer/outcome.ts';

export interface ContractRow {
  readonly situation: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly means: Outcome['kind'];
  /** Looks like a wrong setting: people are told what to check. */
  readonly isSetting?: boolean;
  readonly retryAfterMs?: number;
  /** Convoy has the event, whatever it answers. */
  readonly isStored?: true;
}

const json = 'application/json';

/** Convoy's envelope for errors, with its newline and its escapes. */
function complaint(message: string): string {
  const text = JSON.stringify({ status: false, message });
  const escaped = text.replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026');
  return `${escaped}\n`;
}

function acceptance(message: string, data: unknown = null): string {
  return `${JSON.stringify({ status: true, message, data })}\n`;
}

function badRequest(situation: string, message: string, means: Outcome['kind']): ContractRow {
  return { situation, status: 400, contentType: json, body: complaint(message), means };
}

const redisDown = 'UNKNOWN: redis eval error: dial tcp 127.0.0.1:6379';
const postgresDown = 'failed to connect to `user=convoy database=convoy`: 127.0.0.1:5432 (127.0.0.1)';

export const acceptedRows: readonly ContractRow[] = [
  { situation: 'accepted', body: acceptance('Endpoint fanout event queued successfully') },
  { situation: 'a duplicate', body: acceptance('Duplicate event received, but will not be sent') },
  { situation: 'accepted, by a newer version that returns data', body: acceptance('ok', { uid: 'x' }) },
].map((row) => ({ ...row, status: 201, contentType: `${json}; charset=utf-8`, means: 'accepted' }));

export const rejectedRows: readonly ContractRow[] = [
  badRequest('an empty body', 'body must not be empty', 'rejected'),
  badRequest('broken JSON', 'body contains badly-formed JSON', 'rejected'),
  badRequest('broken JSON, with its place', 'body contains badly-formed JSON (at character 17)', 'rejected'),
  badRequest('a wrong type', 'body contains incorrect JSON type for field "owner_id"', 'rejected'),
  badRequest(
    'a wrong type, with its place',
    'body contains incorrect JSON type (at character 2)',
    'rejected',
  ),
  badRequest('a missing owner', 'owner_id:please provide an owner id', 'rejected'),
  badRequest('a missing type', 'event_type:please provide an event type', 'rejected'),
  badRequest('missing data', 'data:please provide your data', 'rejected'),
  badRequest(
    'several missing fields',
    'data:please provide your data, owner_id:please provide an owner id',
    'rejected',
  ),
  badRequest(
    'a NUL in owner or key',
    'ERROR: invalid byte sequence for encoding "UTF8": 0x00 (SQLSTATE 22021)',
    'rejected',
  ),
  {
    situation: 'headers over 1 MiB',
    status: 431,
    contentType: 'text/plain',
    body: '431 Request Header Fields Too Large',
    means: 'rejected',
  },
  {
    situation: 'a body too large for a proxy',
    status: 413,
    contentType: 'text/html',
    body: '<html>',
    means: 'rejected',
  },
];

const settings: readonly ContractRow[] = [
  { situation: 'a base path without /api', status: 200, contentType: 'text/html', body: '<!doctype html>' },
  { situation: 'an unknown path', status: 404, contentType: 'text/plain', body: '404 page not found' },
  { situation: 'a trailing slash', status: 405, contentType: json, body: '', headers: { allow: 'GET' } },
  { situation: 'a wrong content type', status: 415, contentType: '', body: '' },
  {
    situation: 'no authorization',
    status: 401,
    contentType: json,
    body: complaint('Authentication required'),
  },
  {
    situation: 'a wrong key, or a good one while PostgreSQL is down',
    status: 401,
    contentType: json,
    body: complaint('authorization failed'),
  },
  { situation: 'forbidden', status: 403, contentType: json, body: complaint('Unauthorized') },
  ...[301, 302, 303, 307, 308].map((status) => ({
    situation: 'a redirect',
    status,
    contentType: 'text/html',
    body: '<html>',
    headers: { location: '/x' },
  })),
  { situation: 'no content', status: 204, contentType: '', body: '' },
  { situation: '201 as HTML', status: 201, contentType: 'text/html', body: acceptance('queued') },
  { situation: '201 without a content type', status: 201, contentType: '', body: acceptance('queued') },
  { situation: '201 with no JSON', status: 201, contentType: json, body: 'ok' },
  { situation: '201 with half of the JSON', status: 201, contentType: json, body: '{"status":true,"mess' },
  { situation: '200 with the right body', status: 200, contentType: json, body: acceptance('queued') },
  { situation: '202 with the right body', status: 202, contentType: json, body: acceptance('queued') },
].map((row) => ({ ...row, means: 'unavailable', isSetting: true }));

const notNow: readonly ContractRow[] = [
  badRequest('PostgreSQL down, or a deleted project', 'failed to retrieve project', 'unavailable'),
  badRequest('Redis refused', `${redisDown}: connect: connection refused`, 'unavailable'),
  badRequest('Redis reset', `${redisDown}: connect: connection reset by peer`, 'unavailable'),
  badRequest('Redis hung', 'UNKNOWN: redis eval error: i/o timeout', 'unavailable'),
  {
    ...badRequest('Redis lost the reply', 'task ID conflicts with another task', 'unavailable'),
    isStored: true,
  },
  badRequest('PostgreSQL refused', `${postgresDown}: dial error: connection refused`, 'unavailable'),
  badRequest('PostgreSQL hung', `${postgresDown}: timeout: context deadline exceeded`, 'unavailable'),
  badRequest('a body that stopped arriving', 'counting read: read tcp A->B: i/o timeout', 'unavailable'),
  badRequest('an unknown 400', 'something nobody has seen', 'unavailable'),
  badRequest('a poison text in the middle', 'the body contains nothing', 'unavailable'),
  {
    situation: 'a 400 that is not JSON',
    status: 400,
    contentType: 'text/plain',
    body: 'body must not be empty',
    means: 'unavailable',
  },
  {
    situation: 'organisation lookup failed',
    status: 500,
    contentType: json,
    body: complaint('Failed to verify organization status'),
    means: 'unavailable',
  },
  { situation: 'a crash of the handler', status: 500, contentType: json, body: '', means: 'unavailable' },
  { situation: 'a bad gateway', status: 502, contentType: 'text/html', body: '<html>', means: 'unavailable' },
  { situation: 'overloaded', status: 503, contentType: 'text/html', body: '', means: 'unavailable' },
  { situation: 'a request timeout', status: 408, contentType: '', body: '', means: 'unavailable' },
  { situation: 'too early', status: 425, contentType: '', body: '', means: 'unavailable' },
  {
    situation: '201 that says false',
    status: 201,
    contentType: json,
    body: complaint('no'),
    means: 'unavailable',
  },
  {
    situation: '201 that says "true"',
    status: 201,
    contentType: json,
    body: '{"status":"true"}',
    means: 'unavailable',
  },
  {
    situation: 'rate limited',
    status: 429,
    contentType: json,
    body: complaint('exceeded rate limit'),
    headers: { 'retry-after': '7', 'x-ratelimit-reset': '7', 'x-ratelimit-remaining': '0' },
    means: 'unavailable',
    retryAfterMs: 7_000,
  },
];

export const unavailableRows: readonly ContractRow[] = [...settings, ...notNow];
