// Whether all is well, in one sentence: the gravest thing first, and always what to do.
import { expect, test } from 'vitest';
import { type Situation, verdictOf } from '../apps/relayer/status/verdict.ts';

const calm: Situation = {
  nowMs: 1_000_000,
  gateway: { state: 'open', reason: null, sinceMs: 0 },
  isSendingAllowed: true,
  failingSinceMs: null,
  held: null,
  isOnServer: false,
  pending: { events: 3, isExact: true },
  dead: { events: 0, isExact: true },
  oldestPendingAtMs: 999_990,
  waiting: [],
  minuteP50Ms: 4,
  minuteP99Ms: 1_200,
  deaths: 0,
  stalledSinceMs: null,
  undeliveredAtMs: null,
};
const closed = { state: 'paused', reason: 'HTTP 503', sinceMs: 999_000 } as const;

test.each([
  ['well', /^All is well$/, {}],
  ['well', /^All is well$/, { waiting: [{ reason: 'scheduled', events: 1 }], oldestPendingAtMs: 0 }],
  [
    'trouble',
    /^The database cannot be written$/,
    { failingSinceMs: 900_000, dead: { events: 3, isExact: true } },
  ],
  ['well', /^All is well$/, { failingSinceMs: 999_999 }],
  ['trouble', /claims nothing: no relayer slot$/, { held: { reason: 'no relayer slot', sinceMs: 900_000 } }],
  ['well', /^All is well$/, { held: { reason: 'no relayer slot', sinceMs: 999_000 } }],
  ['trouble', /^Convoy has not confirmed/, { isSendingAllowed: false }],
  ['watch', /^Convoy does not take events$/, { gateway: closed }],
  ['trouble', /^Convoy does not take events$/, { gateway: { ...closed, sinceMs: 0 } }],
  ['trouble', /^Convoy refuses$/, { gateway: { ...closed, reason: 'HTTP 401: authorization failed' } }],
  ['trouble', /^1 event is dead$/, { dead: { events: 1, isExact: true } }],
  ['trouble', /^about 50,000 events are dead$/, { dead: { events: 50_000, isExact: false } }],
  [
    'trouble',
    /^Convoy accepts events and stores none$/,
    { stalledSinceMs: 1, dead: { events: 1, isExact: true } },
  ],
  ['watch', /^Convoy will not deliver events/, { undeliveredAtMs: 999_000, deaths: 3 }],
  ['well', /^All is well$/, { nowMs: 9_999_999, oldestPendingAtMs: 9_999_990, undeliveredAtMs: 999_000 }],
  ['watch', /^Relayers died 3 times/, { deaths: 3 }],
  ['watch', /no endpoint/, { waiting: [{ reason: 'endpoint', events: 2 }] }],
  ['watch', /^Single events fail/, { waiting: [{ reason: 'retry', events: 2 }] }],
  ['watch', /^Falling behind/, { oldestPendingAtMs: 900_000 }],
] as const)('the verdict is %s, %s', (level, title, change) => {
  const verdict = verdictOf({ ...calm, ...change });
  expect(verdict.level).toBe(level);
  expect(verdict.title).toMatch(title);
  expect(verdict.advice).toMatch(/\.$/);
});

test('what to do about a database that cannot be written is that of its engine', () => {
  const advice = (isOnServer: boolean) => verdictOf({ ...calm, isOnServer, failingSinceMs: 0 }).advice;
  expect(advice(false)).toMatch(/fuser, lsof/);
  expect(advice(true)).toMatch(/See that the server runs/);
});
