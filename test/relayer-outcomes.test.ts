// What the relayer tells of each delivery, to whoever counts them.
import { expect, test } from 'vitest';
import type { Outcome } from '../apps/relayer/outcome.ts';
import { insertEvents } from './outbox-database.ts';
import { accepted, createRig, rejected, unavailable } from './relayer-rig.ts';

/** A rig of which every outcome is noted, with how long it took. */
async function notedRig(change: Parameters<typeof createRig>[0] = {}) {
  const told: { readonly seq: number; readonly kind: string; readonly tookMs: number }[] = [];
  const onOutcome = ({ seq }: { readonly seq: number }, { kind }: Outcome, tookMs: number) =>
    void told.push({ seq, kind, tookMs });
  return { ...(await createRig({ onOutcome, ...change })), told };
}

test.each<Outcome>([accepted, rejected, unavailable()])(
  'each outcome is told once, with its time: $kind',
  async (outcome) => {
    const { db, clock, convoy, start, told } = await notedRig();
    convoy.answer = () => outcome;
    convoy.latencyMs = 7;
    insertEvents(db, 2);
    void start();
    await clock.advance(7);
    expect(told).toEqual([1, 2].map((seq) => ({ seq, kind: outcome.kind, tookMs: 7 })));
  },
);

test('an outcome over which the process stood still is told, too: it was a delivery', async () => {
  const { db, clock, convoy, start, told } = await notedRig();
  insertEvents(db, 1);
  convoy.latencyMs = null;
  void start();
  await clock.settle();
  clock.stall(60_000);
  await clock.advance(1);
  expect(told).toMatchObject([{ seq: 1, kind: 'unavailable' }]);
});

test('what was never sent, or by mistake came to no outcome, is not told', async () => {
  const { db, clock, start, told, log } = await notedRig({
    deliver: () => Promise.reject(new Error('a mistake')),
  });
  insertEvents(db, 1);
  insertEvents(db, 1, { claims: 21 });
  void start();
  await clock.settle();
  expect(log.count('event held, this program made a mistake')).toBe(1);
  expect(log.count('event dead, never sent')).toBe(1);
  expect(told).toEqual([]);
});
