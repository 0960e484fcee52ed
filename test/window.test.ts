// The events in flight: a slot is in use until its settlement is in the database.
import { describe, expect, test } from 'vitest';
import type { Settlement } from '../apps/outbox/store.ts';
import { Window } from '../apps/relayer/window.ts';
import { claimedEvent } from './delivery.ts';

const event = (seq: number, leaseId = '00:a:1') => claimedEvent({ seq, leaseId });
const answerTo = (seq: number, leaseId = '00:a:1'): Settlement => ({
  seq,
  leaseId,
  kind: 'processed',
  gateway: 'g',
});

function windowWith(...seqs: readonly number[]): Window {
  const window = new Window();
  for (const seq of seqs) window.add(event(seq));
  return window;
}

describe('the window', () => {
  test('keeps a slot through the answer until the settlement', () => {
    const window = windowWith(1, 2);
    window.answer(answerTo(1));
    expect(window.size).toBe(2);
    const answers = window.takeAnswers();
    expect(answers).toEqual([answerTo(1)]);
    expect([window.size, window.answers]).toEqual([2, 0]);
    window.settled(answers);
    expect(window.size).toBe(1);
    expect(window.unanswered().map(({ seq }) => seq)).toEqual([2]);
  });

  test('offers answers again, before later ones, when they could not be settled', () => {
    const window = windowWith(1, 2);
    window.answer(answerTo(1));
    const answers = window.takeAnswers();
    window.answer(answerTo(2));
    window.putBack(answers);
    expect(window.takeAnswers()).toEqual([answerTo(1), answerTo(2)]);
  });

  test('takes one answer per event: the first', () => {
    const window = windowWith(1);
    const released: Settlement = { ...answerTo(1), kind: 'dead', error: 'x', countsAttempt: false };
    window.answer(released);
    window.answer(answerTo(1));
    expect(window.takeAnswers()).toEqual([released]);
  });

  test('ignores the answer to an event it does not hold, or holds under another lease', () => {
    const window = windowWith(1);
    window.answer(answerTo(9));
    window.answer(answerTo(1, '00:a:0'));
    expect(window.answers).toBe(0);
  });

  test('knows who has not answered yet', () => {
    const window = windowWith(1, 2, 3);
    window.answer(answerTo(2));
    expect(window.unanswered().map(({ seq }) => seq)).toEqual([1, 3]);
  });

  test('refuses an event that is in flight already: that would send it twice', () => {
    const window = windowWith(1);
    expect(() => window.add(event(1, '00:a:2'))).toThrow('event 1 was claimed while in flight');
  });
});
