// The faults that the sandbox is told to show for a while, with their weights: what a gateway does in its worst hours. None
// of them rejects an event by its own fault, so none may make one dead.
import { type FaultOrder, knownTroubles } from '../sandbox/fault.ts';
import type { FaultLine } from '../sandbox/ledger-line.ts';
import { harmlessDelayMs, relayerTiming } from './arena.ts';
import type { Random } from './random.ts';

export interface Weather {
  readonly name: string;
  readonly weight: number;
  readonly orders: (random: Random) => readonly FaultOrder[];
}

const { requestTimeoutMs } = relayerTiming;

/** What a good gateway takes, too: without it a killed relayer would seldom have anything in flight. */
export const usualDelay = { kind: 'slow', delayMs: 25 } as const satisfies FaultOrder;

/** Whether a request met more than the usual delay. */
export function isBadWeather({ fault, delayMs = 0 }: FaultLine): boolean {
  const isConsequence = fault === 'client-gone' || fault === 'late-answer';
  return !isConsequence && !(fault === 'slow' && delayMs <= usualDelay.delayMs);
}

/** A share of the requests, from a fifth to all. */
function share(random: Random): { readonly probability: number } {
  return { probability: random.between(2, 10) / 10 };
}

/** Each stored event whose answer is withheld is sent again: a few are as good as many. */
const few = { probability: 0.3 };

export const badWeather: readonly Weather[] = [
  { name: 'error 500', weight: 2, orders: (random) => [{ ...knownTroubles.crashed, ...share(random) }] },
  { name: 'error 503', weight: 2, orders: (random) => [{ ...knownTroubles.unavailable, ...share(random) }] },
  {
    name: '400 of its queue',
    weight: 2,
    orders: (random) => [{ ...knownTroubles.redisRefused, ...share(random) }],
  },
  { name: '400 of its database', weight: 1, orders: () => [knownTroubles.postgresRefused] },
  { name: '401 blip', weight: 1, orders: () => [{ ...knownTroubles.postgresDownAtAuth, remaining: 3 }] },
  { name: '429', weight: 1, orders: () => [{ ...knownTroubles.rateLimited, remaining: 2 }] },
  { name: 'redirect', weight: 1, orders: () => [{ kind: 'redirect', remaining: 3 }] },
  {
    name: 'slow',
    weight: 3,
    orders: (random) => [{ kind: 'slow', delayMs: random.between(50, harmlessDelayMs) }],
  },
  { name: 'too slow', weight: 2, orders: () => [{ kind: 'slow', delayMs: requestTimeoutMs * 1.5, ...few }] },
  { name: 'drip', weight: 1, orders: () => [{ kind: 'drip', everyMs: 30, ...few }] },
  { name: 'hang', weight: 2, orders: () => [{ kind: 'hang', ...few }] },
  { name: 'hang after accepting', weight: 2, orders: () => [{ kind: 'hang-after-accepting', ...few }] },
  { name: 'reset', weight: 2, orders: (random) => [{ kind: 'reset', ...share(random) }] },
  { name: 'reset after accepting', weight: 3, orders: () => [{ kind: 'reset-after-accepting', ...few }] },
  { name: 'lost reply', weight: 2, orders: () => [{ kind: 'lost-reply', ...few }] },
  { name: 'garbage', weight: 2, orders: garbage },
  {
    name: 'huge reply',
    weight: 1,
    orders: () => [{ kind: 'huge-reply', replyBytes: 200_000, stored: true, ...few }],
  },
  {
    name: 'everything at once',
    weight: 2,
    orders: () => [
      { kind: 'slow', delayMs: 100, probability: 0.5 },
      { kind: 'reset', probability: 0.1 },
      { kind: 'reset-after-accepting', probability: 0.1 },
      { kind: 'hang-after-accepting', probability: 0.1 },
      { kind: 'garbage', shape: 'html-201', probability: 0.1 },
      { ...knownTroubles.crashed, probability: 0.2 },
    ],
  },
];

function garbage(random: Random): readonly FaultOrder[] {
  const { shape } = random.pick([
    { weight: 1, shape: 'html-201' },
    { weight: 1, shape: 'truncated-json-201' },
    { weight: 1, shape: 'html-200' },
    { weight: 1, shape: 'status-false-201' },
  ] as const);
  // Some of it for events that were stored: the relayer cannot tell.
  return [true, false].map((stored) => ({ kind: 'garbage', shape, stored, probability: 0.25 }));
}
