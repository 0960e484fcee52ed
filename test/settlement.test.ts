// How a lease ends: outcome and evidence in, settlement out.
import { describe, expect, test } from 'vitest';
import type { ClaimedEvent } from '../apps/outbox/store.ts';
import { backoffMs } from '../apps/relayer/backoff.ts';
import type { Evidence } from '../apps/relayer/history.ts';
import type { FailedOutcome } from '../apps/relayer/outcome.ts';
import { deadUnsent, processed, settlementFor, unclaimed } from '../apps/relayer/settlement.ts';

const policy = { gateway: 'https://convoy.test/api/v1/projects/p', maxAttempts: 3 };
const nowMs = Date.UTC(2026, 0, 1);
const lease = { seq: 7, leaseId: '00:a:1' };

function claimed(change: Partial<ClaimedEvent> = {}): ClaimedEvent {
  return {
    ...lease,
    id: 'evt-7',
    keySuffix: '',
    businessId: 'acme',
    eventType: 'invoice.created',
    payload: '{}',
    headers: null,
    attempts: 0,
    claims: 1,
    createdAtMs: nowMs,
    ...change,
  };
}

const rejected: FailedOutcome = { kind: 'rejected', reason: 'HTTP 400: body must not be empty' };
const unavailable: FailedOutcome = {
  kind: 'unavailable',
  reason: 'HTTP 503',
  reach: 'reached',
  retryAfterMs: null,
  check: null,
};

/** A verdict in the middle of the jitter: the backoff is exact. */
function settled(outcome: FailedOutcome, evidence: Partial<Evidence>, attempts = 0) {
  const full = { failures: 1, isAlone: true, isSuspect: false, isBlamed: false, ...evidence };
  const verdict = { event: claimed({ attempts }), outcome, evidence: full, nowMs, random: 0.5 };
  return settlementFor(verdict, policy);
}

describe('an outcome settles as', () => {
  test('processed when accepted, with the gateway that accepted it', () => {
    expect(processed(claimed(), policy)).toEqual({ ...lease, kind: 'processed', gateway: policy.gateway });
  });

  test.each([
    { outcome: unavailable, evidence: {}, attempts: 0, kind: 'released', waits: 'gateway' },
    { outcome: unavailable, evidence: {}, attempts: 2, kind: 'released', waits: 'gateway' },
    { outcome: unavailable, evidence: { isBlamed: true }, attempts: 0, kind: 'retry' },
    { outcome: unavailable, evidence: { isBlamed: true }, attempts: 1, kind: 'retry' },
    { outcome: unavailable, evidence: { isBlamed: true }, attempts: 2, kind: 'dead' },
    { outcome: unavailable, evidence: { isSuspect: true }, attempts: 2, kind: 'released', waits: 'evidence' },
    { outcome: rejected, evidence: {}, attempts: 0, kind: 'released', waits: 'evidence' },
    { outcome: rejected, evidence: {}, attempts: 9, kind: 'released', waits: 'evidence' },
    { outcome: rejected, evidence: { isBlamed: true }, attempts: 1, kind: 'retry' },
    { outcome: rejected, evidence: { isBlamed: true }, attempts: 2, kind: 'dead' },
    { outcome: rejected, evidence: { isBlamed: true }, attempts: 9, kind: 'dead' },
  ] as const)('$kind: $outcome.kind, $evidence, after $attempts attempts of 3', (row) => {
    const settlement = settled(row.outcome, row.evidence, row.attempts);
    expect(settlement).toMatchObject({ ...lease, kind: row.kind, error: row.outcome.reason });
    if (settlement.kind === 'released') {
      expect(settlement).toMatchObject({ waitReason: 'waits' in row ? row.waits : '', claim: 'answered' });
    }
    if (settlement.kind === 'dead') expect(settlement.countsAttempt).toBe(true);
  });

  test('dead without an attempt when it was never sent', () => {
    const settlement = deadUnsent(claimed(), 'payload: not JSON');
    expect(settlement).toEqual({ ...lease, kind: 'dead', error: 'payload: not JSON', countsAttempt: false });
  });

  test('given back as if never claimed, due at once', () => {
    expect(unclaimed(claimed())).toEqual({
      ...lease,
      kind: 'released',
      availableAtMs: 0,
      waitReason: null,
      error: null,
      claim: 'unsent',
    });
  });
});

describe('the wait', () => {
  function waitMs(outcome: FailedOutcome, evidence: Partial<Evidence>, attempts = 0): number {
    const settlement = settled(outcome, evidence, attempts);
    if (!('availableAtMs' in settlement)) throw new Error(`${settlement.kind} does not wait`);
    return settlement.availableAtMs - nowMs;
  }

  test('grows with the failures this process has seen', () => {
    expect([1, 2, 3, 4].map((failures) => waitMs(unavailable, { failures }))).toEqual([
      1_000, 2_000, 4_000, 8_000,
    ]);
  });

  test('grows with the counted attempts when this process is new', () => {
    expect(waitMs(rejected, { failures: 1 }, 1)).toBe(2_000);
  });

  test('is at least what Convoy asked for', () => {
    expect(waitMs({ ...unavailable, retryAfterMs: 60_000 }, {})).toBe(60_000);
    expect(waitMs({ ...unavailable, retryAfterMs: 10 }, {})).toBe(1_000);
    expect(waitMs({ ...unavailable, retryAfterMs: 60_000 }, { isBlamed: true })).toBe(60_000);
  });

  test('is no longer than the gateway waits between probes when nothing was there to take the event', () => {
    const unreached: FailedOutcome = { ...unavailable, reach: 'unreached' };
    expect([1, 5, 6, 20].map((failures) => waitMs(unreached, { failures }))).toEqual([
      1_000, 16_000, 30_000, 30_000,
    ]);
  });
});

describe('backoff', () => {
  test('doubles from 1 s to 5 min', () => {
    const waits = Array.from({ length: 12 }, (_, n) => backoffMs(n + 1, 0.5));
    expect(waits).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000, 300_000,
    ]);
  });

  test('is spread by half either way', () => {
    expect(backoffMs(1, 0)).toBe(500);
    expect(backoffMs(1, 0.999)).toBe(1_499);
    expect(backoffMs(99, 0)).toBe(150_000);
    expect(backoffMs(99, 0.999)).toBe(449_700);
  });

  test('stays in bounds for absurd numbers of failures', () => {
    for (const failures of [-1, 0, 1e9, Number.MAX_SAFE_INTEGER]) {
      expect(backoffMs(failures, 0.5)).toBeGreaterThanOrEqual(1_000);
      expect(backoffMs(failures, 0.5)).toBeLessThanOrEqual(300_000);
    }
  });
});
