// Whose slot a chaos run takes a lock for: what a killed relayer held is judged by it.
import { expect, test } from 'vitest';
import { withOwnSlot } from '../scripts/chaos/nap.ts';
import { slotsNow } from '../scripts/chaos/postgres/held-slots.ts';

const start = (slot: string, atMs = 100) => new Map([[12, { slot, atMs }]]);
const held = (...slots: readonly string[]) => slots.map((slot) => ({ pid: 12, slot }));

test('a relayer that takes over from a dead one keeps its own slot', () => {
  const before = start('01');
  expect(slotsNow({ started: start('01'), before, held: held('00', '01') }).get(12)?.slot).toBe('01');
  const moved = start('02');
  expect(slotsNow({ started: start('01'), before: moved, held: held('00', '02') }).get(12)?.slot).toBe('02');
});

test('a relayer that lost its slot has the one that it took instead, and until then the last one', () => {
  expect(slotsNow({ started: start('01'), before: start('01'), held: held('03') }).get(12)?.slot).toBe('03');
  expect(slotsNow({ started: start('01'), before: start('03'), held: held() }).get(12)?.slot).toBe('03');
});

test('a process with the number of an earlier one begins anew', () => {
  const before = start('03', 50);
  expect(slotsNow({ started: start('01'), before, held: held('00', '01') }).get(12)?.slot).toBe('01');
});

test('a relayer that is seen with the slot of another is not put to sleep for it', () => {
  expect(withOwnSlot([{ slot: '00' }, { slot: '00' }, { slot: '01' }])).toEqual([{ slot: '01' }]);
});
