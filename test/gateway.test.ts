// The gateway's state machine while it is open or paused. It is pure: every instant is an argument.
import { describe, expect, test } from 'vitest';
import { type Gateway, nextChangeMs, observe, openGateway } from '../apps/relayer/gateway.ts';
import {
  accepted,
  allowed,
  failuresOf,
  feed,
  paused,
  rejected,
  slots,
  unavailable,
} from './gateway-answers.ts';

describe('an open gateway', () => {
  test("lets every slot be used and changes by nobody's clock", () => {
    expect(allowed(openGateway, 0)).toEqual({ slots, freshOnly: false });
    expect(nextChangeMs(openGateway, 0)).toBeNull();
  });

  test('is never paused by one bad event, however often it fails', () => {
    expect(feed(openGateway, failuresOf(...Array.from({ length: 100 }, () => 7))).kind).toBe('open');
  });

  test('is never paused by four bad events that take turns', () => {
    expect(feed(openGateway, failuresOf(1, 2, 3, 4, 1, 2, 3, 4, 4, 3, 2, 1)).kind).toBe('open');
  });

  test('is paused by five different events that fail in a row', () => {
    expect(feed(openGateway, failuresOf(1, 2, 3, 4)).kind).toBe('open');
    expect(paused).toMatchObject({ kind: 'paused', reason: 'HTTP 503', pauseMs: 1_000, probeAtMs: 1_000 });
  });

  test('starts counting anew with every acceptance', () => {
    const gateway = feed(openGateway, [...failuresOf(1, 2, 3, 4), [9, accepted], ...failuresOf(5, 6, 7, 8)]);
    expect(gateway.kind).toBe('open');
    expect(feed(gateway, failuresOf(9)).kind).toBe('paused');
  });

  test('takes a rejection neither as failure nor as health', () => {
    expect(
      feed(
        openGateway,
        Array.from({ length: 20 }, (_, seq) => [seq, rejected] as const),
      ),
    ).toBe(openGateway);
    expect(feed(openGateway, [...failuresOf(1, 2, 3, 4), [9, rejected], ...failuresOf(5)]).kind).toBe(
      'paused',
    );
  });

  test('keeps the same state object while all is well', () => {
    expect(feed(openGateway, [[1, accepted]])).toBe(openGateway);
  });

  test('is paused at once by a Retry-After, for as long as it says', () => {
    const gateway = feed(openGateway, [[1, unavailable({ retryAfterMs: 20_000 })]]);
    expect(gateway).toMatchObject({ kind: 'paused', probeAtMs: 20_000 });
    expect(allowed(gateway, 19_999).slots).toBe(0);
    expect(allowed(gateway, 20_000)).toEqual({ slots: 1, freshOnly: false });
  });

  test('waits a second even when Retry-After says none', () => {
    expect(feed(openGateway, [[1, unavailable({ retryAfterMs: 0 })]])).toMatchObject({ probeAtMs: 1_000 });
  });

  test('is paused at once by an answer that points at a setting', () => {
    expect(feed(openGateway, [[1, unavailable({ check: 'CONVOY_API_KEY' })]]).kind).toBe('paused');
  });
});

describe('an open gateway to which nothing comes through', () => {
  const cut = unavailable({ reason: 'other side closed', reach: 'cut' });

  test('is paused by one event for which no connection could be made', () => {
    const unreached = unavailable({ reason: 'connect ECONNREFUSED', reach: 'unreached' });
    expect(feed(openGateway, [[1, unreached]])).toMatchObject({
      kind: 'paused',
      reason: 'connect ECONNREFUSED',
      probeAtMs: 1_000,
    });
    expect(
      feed({ ...openGateway }, [
        [1, accepted],
        [2, unreached],
      ]).kind,
    ).toBe('paused');
  });

  test('stays open when a connection is cut once, which may be one that was idle', () => {
    expect(feed(openGateway, [[1, cut]]).kind).toBe('open');
    expect(
      feed(openGateway, [
        [1, cut],
        [2, accepted],
        [1, cut],
      ]).kind,
    ).toBe('open');
    expect(
      feed(openGateway, [
        [1, cut],
        [2, cut],
        [3, accepted],
        [1, cut],
        [2, cut],
      ]).kind,
    ).toBe('open');
  });

  test('is paused by one event whose connection is cut twice, with nothing accepted in between', () => {
    expect(
      feed(openGateway, [
        [1, cut],
        [1, cut],
      ]),
    ).toMatchObject({ kind: 'paused', reason: cut.reason });
    expect(
      feed(openGateway, [
        [1, cut],
        [9, rejected],
        [1, cut],
      ]).kind,
    ).toBe('paused');
  });

  test('is paused from the ramp too', () => {
    const ramping = feed(paused, [[6, accepted]], 10);
    expect(feed(ramping, [[1, unavailable({ reach: 'unreached' })]], 20).kind).toBe('paused');
  });
});

describe('a paused gateway', () => {
  test('sends nothing for a second, then one event', () => {
    expect(allowed(paused, 999).slots).toBe(0);
    expect(allowed(paused, 1_000)).toEqual({ slots: 1, freshOnly: false });
  });

  test('says when it will change', () => {
    expect(nextChangeMs(paused, 0)).toBe(1_000);
    expect(nextChangeMs(paused, 1_000)).toBeNull();
  });

  test('lets an event never delayed probe early, a second after the last failure', () => {
    const gateway = longPause();
    expect(allowed(gateway, 999).slots).toBe(0);
    expect(allowed(gateway, 1_000)).toEqual({ slots: 1, freshOnly: true });
    expect(nextChangeMs(gateway, 1_000)).toBe(16_000);
    expect(allowed(gateway, 16_000)).toEqual({ slots: 1, freshOnly: false });
  });

  test('lets nobody probe early while a Retry-After forbids it', () => {
    const gateway = feed(openGateway, [[1, unavailable({ retryAfterMs: 60_000 })]]);
    expect(allowed(gateway, 59_999)).toMatchObject({ slots: 0 });
    expect(nextChangeMs(gateway, 0)).toBe(60_000);
  });

  test('obeys a Retry-After that arrives late, and never shortens its pause for one', () => {
    const gateway = observe(paused, {
      seq: 6,
      outcome: unavailable({ retryAfterMs: 30_000 }),
      nowMs: 10,
      slots,
    });
    expect(gateway).toMatchObject({ kind: 'paused', probeAtMs: 30_010 });
    expect(allowed(gateway, 5_000).slots).toBe(0);
    const shorter = observe(gateway, {
      seq: 7,
      outcome: unavailable({ retryAfterMs: 1_000 }),
      nowMs: 11,
      slots,
    });
    expect(shorter).toMatchObject({ probeAtMs: 30_010 });
  });

  test('ignores late failures of events sent before the pause', () => {
    expect(feed(paused, failuresOf(6, 7, 8, 9), 10)).toBe(paused);
  });

  test('takes a late acceptance as a sign of life, with one slot', () => {
    const gateway = feed(paused, [[6, accepted]], 10);
    expect(allowed(gateway, 10)).toEqual({ slots: 1, freshOnly: false });
    expect(gateway.kind).toBe('ramping');
  });

  test('does not take a late acceptance as leave to ignore a Retry-After', () => {
    const gateway = feed(openGateway, [[1, unavailable({ retryAfterMs: 5_000 })]]);
    expect(feed(gateway, [[2, accepted]], 10)).toBe(gateway);
  });
});

/** Paused at 0 after several failed probes: the next one of any kind is due at 16 s. */
function longPause(): Gateway {
  return { kind: 'paused', reason: 'HTTP 503', pauseMs: 16_000, probeAtMs: 16_000, freshProbeAtMs: 1_000 };
}
