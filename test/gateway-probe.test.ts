// The gateway's state machine while one event finds out whether Convoy is back.
import { describe, expect, test } from 'vitest';
import { nextChangeMs, observe, openGateway, probeStarted, probeUnsent } from '../apps/relayer/gateway.ts';
import { accepted, allowed, feed, paused, rejected, slots, unavailable } from './gateway-answers.ts';

const probing = probeStarted(paused, 1);

describe('a probing gateway', () => {
  test('sends nothing else and waits for the answer alone', () => {
    expect(probing).toMatchObject({ kind: 'probing', seq: 1 });
    expect(allowed(probing, 99_999).slots).toBe(0);
    expect(nextChangeMs(probing, 0)).toBeNull();
  });

  test('is entered only from a pause', () => {
    expect(probeStarted(openGateway, 1)).toBe(openGateway);
    expect(probeStarted(probing, 2)).toBe(probing);
  });

  test('pauses twice as long after each failed probe, from 1 s to 30 s', () => {
    const pauses: number[] = [];
    let gateway = paused;
    for (let n = 0, nowMs = 0; n < 8; n++) {
      gateway = observe(probeStarted(gateway, n), { seq: n, outcome: unavailable(), nowMs, slots });
      if (gateway.kind !== 'paused') throw new Error('a failed probe must pause');
      pauses.push(gateway.probeAtMs - nowMs);
      expect(gateway.freshProbeAtMs - nowMs).toBe(1_000);
      nowMs = gateway.probeAtMs;
    }
    expect(pauses).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000]);
  });

  test('ramps up after an accepted probe', () => {
    const gateway = feed(probing, [[1, accepted]]);
    expect(allowed(gateway, 0)).toEqual({ slots: 2, freshOnly: false });
  });

  test('ramps up from one slot after a rejected probe: somebody is there and judges', () => {
    expect(allowed(feed(probing, [[1, rejected]]), 0)).toEqual({ slots: 1, freshOnly: false });
  });

  test('ignores failures and rejections of others, and takes their acceptance as an answer', () => {
    expect(
      feed(probing, [
        [2, unavailable()],
        [3, rejected],
      ]),
    ).toBe(probing);
    expect(feed(probing, [[2, accepted]]).kind).toBe('ramping');
  });

  test('may probe again at once when the probe was not sent after all', () => {
    const gateway = probeUnsent(probing, { seq: 1, nowMs: 7_000 });
    expect(allowed(gateway, 7_000)).toEqual({ slots: 1, freshOnly: false });
    expect(gateway).toMatchObject({ pauseMs: 1_000 });
    expect(probeUnsent(probing, { seq: 2, nowMs: 7_000 })).toBe(probing);
    expect(probeUnsent(openGateway, { seq: 1, nowMs: 7_000 })).toBe(openGateway);
  });
});
