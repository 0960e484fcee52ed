// How the gateway comes back: slots double with each round that succeeds, until all are in use again.
import { describe, expect, test } from 'vitest';
import {
  allowance,
  type Gateway,
  nextChangeMs,
  observe,
  openGateway,
  probeStarted,
} from '../apps/relayer/gateway.ts';
import type { Outcome } from '../apps/relayer/outcome.ts';
import { seededRandom } from './seeded-random.ts';

const accepted: Outcome = { kind: 'accepted' };
const failed: Outcome = {
  kind: 'unavailable',
  reason: 'HTTP 503',
  reach: 'reached',
  retryAfterMs: null,
  check: null,
};

function step(gateway: Gateway, outcome: Outcome, seq: number, slots: number): Gateway {
  return observe(gateway, { seq, outcome, nowMs: 0, slots });
}

/** A gateway that was paused and whose probe has just been accepted. */
function ramping(slots: number): Gateway {
  let gateway = openGateway;
  for (let seq = 1; seq <= 5; seq++) gateway = step(gateway, failed, seq, slots);
  return step(probeStarted(gateway, 1), accepted, 1, slots);
}

function slotsNow(gateway: Gateway, slots: number): number {
  return allowance(gateway, { slots, nowMs: 0 }).slots;
}

describe('ramping', () => {
  test('doubles the slots with each round and then opens', () => {
    const rounds: number[] = [];
    let gateway = ramping(32);
    for (let seq = 100; gateway.kind === 'ramping'; ) {
      const slots = slotsNow(gateway, 32);
      rounds.push(slots);
      for (let n = 0; n < slots; n++) gateway = step(gateway, accepted, seq++, 32);
    }
    expect(rounds).toEqual([2, 4, 8, 16]);
    expect(gateway).toBe(openGateway);
  });

  test('never gives more slots than there are', () => {
    for (const slots of [1, 2, 3, 5, 33]) {
      let gateway = ramping(slots);
      for (let seq = 100; gateway.kind === 'ramping'; seq++) {
        expect(slotsNow(gateway, slots)).toBeLessThanOrEqual(slots);
        gateway = step(gateway, accepted, seq, slots);
      }
      expect(slotsNow(gateway, slots)).toBe(slots);
    }
  });

  test('a round with a failure counts from its beginning again', () => {
    let gateway = ramping(32);
    for (let seq = 100; seq < 106; seq++) gateway = step(gateway, accepted, seq, 32);
    expect(slotsNow(gateway, 32)).toBe(8);
    for (let seq = 200; seq < 207; seq++) gateway = step(gateway, accepted, seq, 32);
    gateway = step(gateway, failed, 300, 32);
    gateway = step(gateway, accepted, 301, 32);
    expect(slotsNow(gateway, 32)).toBe(8);
  });

  test('as many different failures as it has slots, at most five, pause it again for a second', () => {
    for (const { acceptances, failuresNeeded } of [
      { acceptances: 0, failuresNeeded: 2 },
      { acceptances: 2, failuresNeeded: 4 },
      { acceptances: 6, failuresNeeded: 5 },
    ]) {
      let gateway = ramping(64);
      for (let n = 0; n < acceptances; n++) gateway = step(gateway, accepted, 100 + n, 64);
      for (let n = 0; n < failuresNeeded; n++) {
        expect(gateway.kind).toBe('ramping');
        gateway = step(gateway, failed, 200 + n, 64);
      }
      expect(gateway).toMatchObject({ kind: 'paused', pauseMs: 1_000 });
    }
  });

  test('one event that keeps failing does not pause it once there are two slots', () => {
    let gateway = ramping(32);
    for (let n = 0; n < 20; n++) gateway = step(gateway, failed, 7, 32);
    expect(gateway.kind).toBe('ramping');
  });

  test('a Retry-After pauses it at once', () => {
    const told: Outcome = { ...failed, retryAfterMs: 9_000 };
    expect(step(ramping(32), told, 1, 32)).toMatchObject({ kind: 'paused', probeAtMs: 9_000 });
  });

  test('a rejection neither helps nor hinders', () => {
    const gateway = ramping(32);
    expect(step(gateway, { kind: 'rejected', reason: 'x' }, 1, 32)).toBe(gateway);
  });

  test('nothing changes by time alone', () => {
    expect(nextChangeMs(ramping(32), 0)).toBeNull();
  });
});

test('whatever the answers, the slots stay in bounds and a pause always ends', () => {
  const seed = 20260101;
  const random = seededRandom(seed);
  let gateway: Gateway = openGateway;
  let nowMs = 0;
  for (let n = 0; n < 20_000; n++) {
    nowMs += Math.floor(random() * 2_000);
    const seq = Math.floor(random() * 12);
    const { slots } = allowance(gateway, { slots: 8, nowMs });
    expect(slots, `seed ${seed}, step ${n}`).toBeGreaterThanOrEqual(0);
    expect(slots, `seed ${seed}, step ${n}`).toBeLessThanOrEqual(8);
    if (gateway.kind === 'paused') {
      expect(gateway.probeAtMs - nowMs, `seed ${seed}, step ${n}`).toBeLessThanOrEqual(300_000);
      if (slots === 1) gateway = probeStarted(gateway, seq);
    }
    const pick = random();
    const outcome: Outcome =
      pick < 0.4
        ? accepted
        : pick < 0.5
          ? { kind: 'rejected', reason: 'x' }
          : { ...failed, retryAfterMs: pick > 0.97 ? Math.floor(random() * 300_000) : null };
    gateway = observe(gateway, { seq, outcome, nowMs, slots: 8 });
  }
});
