// What tells a bad event from a bad gateway. Blame needs evidence from others, gathered since this event last failed.
import { describe, expect, test } from 'vitest';
import { History } from '../apps/relayer/history.ts';

const failure = (seq: number, nowMs: number) =>
  ({ seq, isRejection: false, reach: 'reached', nowMs }) as const;
const rejection = (seq: number, nowMs: number) =>
  ({ seq, isRejection: true, reach: 'reached', nowMs }) as const;

/** Others are answered, one a millisecond from `nowMs` on: failures first, then acceptances. */
function answer(history: History, counts: { accepted: number; failed: number }, nowMs: number): void {
  for (let n = 0; n < counts.failed; n++) history.failed(failure(5_000 + n, nowMs + n));
  for (let n = 0; n < counts.accepted; n++) history.accepted(1_000 + n, nowMs + counts.failed + n);
}

/** Whether event 1 is blamed when it fails, others are answered, and it fails again. */
function isBlamedAfter(counts: { accepted: number; failed: number }): boolean {
  const history = new History();
  history.failed(failure(1, 0));
  answer(history, counts, 100);
  return history.failed(failure(1, 5_000)).isBlamed;
}

describe('blame', () => {
  test.each([
    { accepted: 5, failed: 0, isBlamed: true },
    { accepted: 4, failed: 0, isBlamed: false },
    { accepted: 4, failed: 1, isBlamed: true },
    { accepted: 3, failed: 2, isBlamed: false },
    { accepted: 80, failed: 20, isBlamed: true },
    { accepted: 79, failed: 21, isBlamed: false },
    { accepted: 10, failed: 90, isBlamed: false },
    { accepted: 0, failed: 100, isBlamed: false },
    { accepted: 0, failed: 0, isBlamed: false },
  ])('after $accepted acceptances and $failed failures of others: $isBlamed', ({ isBlamed, ...counts }) => {
    expect(isBlamedAfter(counts)).toBe(isBlamed);
  });

  test('never falls on a first failure: an outage begins with events that never failed before', () => {
    const history = new History();
    answer(history, { accepted: 1_000, failed: 0 }, 0);
    for (let seq = 1; seq <= 32; seq++) {
      expect(history.failed(failure(seq, 2_000)).isBlamed).toBe(false);
    }
  });

  test('never falls while another event is failing too: that may be how an outage begins', () => {
    const history = new History();
    history.failed(failure(1, 0));
    answer(history, { accepted: 1_000, failed: 0 }, 10);
    history.failed(failure(2, 2_000));
    expect(history.failed(failure(1, 2_001)).isBlamed).toBe(false);
    answer(history, { accepted: 10, failed: 0 }, 3_000);
    expect(history.failed(failure(1, 4_000)).isBlamed).toBe(true);
  });

  test("does not count the event's own answers", () => {
    const history = new History();
    for (let n = 0; n < 20; n++) {
      expect(history.failed(failure(1, n * 100)).isBlamed).toBe(false);
    }
    history.accepted(2, 2_000);
    for (let n = 0; n < 4; n++) history.accepted(3 + n, 2_001 + n);
    expect(history.failed(failure(1, 2_100)).isBlamed).toBe(true);
  });

  test('needs evidence since the last failure each time', () => {
    const history = new History();
    history.failed(failure(1, 0));
    answer(history, { accepted: 10, failed: 0 }, 10);
    expect(history.failed(failure(1, 100)).isBlamed).toBe(true);
    expect(history.failed(failure(1, 200)).isBlamed).toBe(false);
    answer(history, { accepted: 10, failed: 0 }, 300);
    expect(history.failed(failure(1, 400)).isBlamed).toBe(true);
  });

  test('does not rest on what is older than a minute', () => {
    const history = new History();
    history.failed(failure(1, 0));
    answer(history, { accepted: 1_000, failed: 0 }, 10);
    expect(history.failed(failure(1, 70_000)).isBlamed).toBe(false);
  });

  test('sees the answers of the last minute after a longer backoff', () => {
    const history = new History();
    history.failed(failure(1, 0));
    for (let n = 0; n < 300; n++) history.accepted(1_000 + n, n * 1_000);
    expect(history.failed(failure(1, 300_000)).isBlamed).toBe(true);
  });

  test('judges by the last minute alone: health long ago does not hide a present outage', () => {
    const history = new History();
    history.failed(failure(1, 0));
    for (let n = 0; n < 300; n++) history.accepted(1_000 + n, n * 100);
    for (let n = 0; n < 20; n++) history.failed(failure(2_000 + n, 100_000 + n * 1_000));
    expect(history.failed(failure(1, 121_000)).isBlamed).toBe(false);
  });
});

describe('a history', () => {
  test('counts the failures of an event until it is accepted or forgotten', () => {
    const history = new History();
    expect(history.failed(failure(1, 0)).failures).toBe(1);
    expect(history.failed(failure(1, 10)).failures).toBe(2);
    history.accepted(1, 20);
    expect(history.failed(failure(1, 30)).failures).toBe(1);
    history.forget(1);
    expect(history.failed(failure(1, 40)).failures).toBe(1);
  });

  test('remembers the newest troubles only', () => {
    const history = new History();
    history.failed(failure(1, 0));
    for (let seq = 2; seq <= 50_000; seq++) history.failed(failure(seq, seq));
    expect(history.failed(failure(1, 60_000)).failures).toBe(2);
    history.failed(failure(99_999, 60_001));
    expect(history.failed(failure(2, 60_002)).failures).toBe(1);
    expect(history.failed(failure(1, 60_003)).failures).toBe(3);
  });
});

describe('a rejection', () => {
  test('is not believed the first time, however much was accepted before', () => {
    const history = new History();
    answer(history, { accepted: 50, failed: 0 }, 0);
    expect(history.failed(rejection(1, 100)).isBlamed).toBe(false);
  });

  test('is believed when another event was accepted since the one before, each time anew', () => {
    const history = new History();
    history.failed(rejection(1, 0));
    expect(history.failed(rejection(1, 10)).isBlamed).toBe(false);
    history.accepted(2, 20);
    expect(history.failed(rejection(1, 300_000)).isBlamed).toBe(true);
    expect(history.failed(rejection(1, 300_010)).isBlamed).toBe(false);
  });

  test('is believed whatever else is rejected meanwhile: several poison events do not protect each other', () => {
    const history = new History();
    for (const seq of [1, 2, 3]) history.failed(rejection(seq, seq));
    history.accepted(9, 10);
    for (const seq of [1, 2, 3]) expect(history.failed(rejection(seq, 20 + seq)).isBlamed).toBe(true);
  });

  test('is not believed for an hour after the acceptance of an event that had been rejected too', () => {
    const history = new History();
    history.failed(rejection(1, 0));
    history.failed(rejection(2, 1));
    history.accepted(3, 10);
    history.accepted(2, 11);
    expect(history.failed(rejection(1, 20)).isBlamed).toBe(false);
    history.accepted(4, 3_000_000);
    expect(history.failed(rejection(1, 3_600_010)).isBlamed).toBe(false);
    history.accepted(4, 3_600_011);
    expect(history.failed(rejection(1, 3_600_012)).isBlamed).toBe(true);
  });

  test('is measured from an earlier rejection, not from an earlier failure of another kind', () => {
    const history = new History();
    history.failed(failure(1, 0));
    history.accepted(2, 10);
    expect(history.failed(rejection(1, 20)).isBlamed).toBe(false);
    history.failed(failure(1, 30));
    history.accepted(3, 40);
    expect(history.failed(rejection(1, 50)).isBlamed).toBe(true);
  });
});

describe('an event is suspect', () => {
  test('when it fails again and one acceptance of another lies between', () => {
    const history = new History();
    expect(history.failed(failure(1, 0))).toMatchObject({ isAlone: true, isSuspect: false });
    expect(history.failed(failure(1, 10)).isSuspect).toBe(false);
    history.accepted(2, 20);
    expect(history.failed(failure(1, 30))).toMatchObject({ isSuspect: true, isBlamed: false });
    expect(history.failed(failure(1, 40)).isSuspect).toBe(false);
  });

  test('not while others fail too', () => {
    const history = new History();
    history.failed(failure(1, 0));
    history.accepted(2, 10);
    history.failed(failure(3, 20));
    expect(history.failed(failure(1, 30))).toMatchObject({ isAlone: false, isSuspect: false });
  });
});
