// Why a relayer is not ready: what passes within moments is no reason, and what lasts is one until it ends.
import { expect, test } from 'vitest';
import type { OutboxStore, TurnResult } from '../apps/outbox/store.ts';
import { meteredClaims, meteredStore } from '../apps/relayer/status/metered.ts';
import { Meters } from '../apps/relayer/status/meters.ts';
import { reasonsNotReady } from '../apps/relayer/status/readiness.ts';
import { FakeClock } from './fake-clock.ts';
import { newDatabaseFile, openStore } from './outbox-database.ts';

function scene() {
  const clock = new FakeClock();
  const meters = new Meters(clock);
  meters.isSendingAllowed = true;
  return { clock, meters, reasons: () => reasonsNotReady(meters, clock.nowMs()) };
}

test('a relayer without a slot is not ready, once that is no mere exchange of slots', async () => {
  const { clock, meters, reasons } = scene();
  const heard: boolean[] = [];
  const allow = meteredClaims({ hold: (isHeld) => void heard.push(isHeld) }, meters);
  allow(false);
  expect(reasons()).toEqual([]);
  await clock.advance(3_000);
  expect(reasons()).toEqual(['no relayer slot for 3 s: nothing is claimed']);
  allow(true);
  expect(reasons()).toEqual([]);
  expect(heard).toEqual([true, false]);
});

test('a database that answers no turn for long counts as one that cannot be written', async () => {
  const { clock, meters, reasons } = scene();
  let answer = (_: TurnResult) => {};
  const silent = new Promise<TurnResult>((resolve) => {
    answer = resolve;
  });
  const silentStore: OutboxStore = { ...(await openStore(newDatabaseFile())), turn: () => silent };
  const store = meteredStore(silentStore, { meters, clock });
  const turn = store.turn({ settlements: [], claim: null, nowMs: 0 });
  await clock.advance(9_000);
  expect(reasons()).toEqual([]);
  await clock.advance(3_000);
  expect(reasons()).toEqual(['the database cannot be written for 12 s']);
  answer({ claimed: [], lost: [], othersWrote: false });
  await turn;
  expect(reasons()).toEqual([]);
});
