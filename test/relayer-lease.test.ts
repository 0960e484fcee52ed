// Leases in the loop: nothing is sent under one that is too old, and what another relayer owns is left to it.
import { describe, expect, test } from 'vitest';
import { OwnerGuard } from '../apps/relayer/owner-guard.ts';
import { eventRow, insertEvent, insertEvents, statusCounts } from './outbox-database.ts';
import { createRig, rejected, unavailable } from './relayer-rig.ts';

describe('a relayer that stood still', () => {
  test('between claim and sending sends nothing under the old lease, and sends soon under a new one', async () => {
    const { db, clock, convoy, store, start } = await createRig();
    insertEvents(db, 3);
    const turn = store.turn.bind(store);
    let stale = '';
    store.turn = async (request) => {
      const result = await turn(request);
      if (result.claimed.length > 0 && stale === '') {
        stale = result.claimed[0]?.leaseId ?? '';
        clock.stall(25_000);
      }
      return result;
    };
    void start();
    await clock.settle();
    await clock.advance(1_000);
    expect(statusCounts(db)).toEqual({ processed: 3 });
    expect(convoy.sent.filter(({ leaseId }) => leaseId === stale)).toEqual([]);
    // The first claim was taken back: it does not count as an interruption.
    expect(convoy.sent.map(({ claims }) => claims)).toEqual([1, 1, 1]);
  });

  test('while it looked up the owner sends nothing under the old lease', async () => {
    const rig = await createRig({
      owners: ({ clock, log }) =>
        new OwnerGuard({
          ask: () => new Promise(() => {}),
          calm: async () => {},
          wasAccepted: async () => {
            if (rig.convoy.sent.length === 0) clock.stall(25_000);
            return true;
          },
          ...{ clock, log, signal: new AbortController().signal },
        }),
    });
    insertEvent(rig.db);
    void rig.start();
    await rig.clock.settle();
    await rig.clock.advance(1_000);
    expect(statusCounts(rig.db)).toEqual({ processed: 1 });
    expect(rig.convoy.sent).toHaveLength(1);
    // The first lease had less left than a request may take.
    expect(rig.convoy.sent[0]?.leaseId).not.toMatch(/:1$/);
  });

  test('sends when it stood still for less than the lease allows', async () => {
    const { db, clock, convoy, store, start } = await createRig();
    insertEvent(db);
    const turn = store.turn.bind(store);
    store.turn = async (request) => {
      const result = await turn(request);
      if (result.claimed.length > 0) clock.stall(19_000);
      return result;
    };
    void start();
    await clock.settle();
    expect(convoy.sent).toHaveLength(1);
  });

  test('while it waited for an answer takes its own lateness for no failure of Convoy', async () => {
    const { db, clock, convoy, log, start } = await createRig();
    insertEvents(db, 8);
    convoy.latencyMs = null;
    void start();
    await clock.settle();
    clock.stall(60_000);
    convoy.latencyMs = 5;
    await clock.advance(1_000);
    expect(statusCounts(db)).toEqual({ processed: 8 });
    expect(log.count('gateway unavailable, events wait')).toBe(0);
    expect(log.count('this process stood still, event will be sent again')).toBe(8);
    expect(convoy.sent.map(({ claims }) => claims)).toEqual(Array.from({ length: 16 }, () => 1));
  });
});

describe('a wall clock that jumps an hour', () => {
  test.each([{ byMs: 3_600_000 }, { byMs: -3_600_000 }])(
    '($byMs ms) sends nothing twice',
    async ({ byMs }) => {
      const { db, clock, convoy, relayer, start } = await createRig({ concurrency: 8 });
      // Fewer than there are slots: the relayer could claim its own events again, whose leases seem to have run out.
      insertEvents(db, 3);
      convoy.latencyMs = 1_000;
      void start();
      await clock.advance(500);
      clock.step(byMs);
      relayer.wake();
      await clock.advance(60_000);
      expect(convoy.sent.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
      expect(statusCounts(db)).toEqual({ processed: 3 });
    },
  );
});

describe('a relayer that lost its leases', () => {
  test.each([
    { what: 'its rejection', outcome: rejected },
    { what: 'its failure', outcome: unavailable() },
  ])("drops $what, says so, and records it; the new holder's outcome stands", async ({ outcome }) => {
    const rig = await createRig({ concurrency: 2 });
    const { db, clock, store, convoy, log } = rig;
    insertEvents(db, 2);
    convoy.latencyMs = 1_000;
    convoy.answer = () => outcome;
    void rig.start();
    await clock.settle();
    await store.takeOver({ slot: '00', nowMs: clock.nowMs() });
    const successor = await createRig({ beside: rig, slot: '01' });
    void successor.start();
    await clock.advance(100);
    expect(statusCounts(db)).toEqual({ processed: 2 });
    const before = eventRow(db, 1);
    await clock.advance(10_000);
    expect(eventRow(db, 1)).toEqual(before);
    const told = log.lines.filter(({ message }) => message === 'leases lost to another relayer');
    expect(told.reduce((events, { fields }) => events + Number(fields.events), 0)).toBe(2);
    expect(rig.leasesLost()).toBe(2);
    expect(await store.lastLogged('fenced')).not.toBeNull();
    expect(successor.log.count('leases lost to another relayer')).toBe(0);
  });

  test('goes on with other events', async () => {
    const rig = await createRig({ concurrency: 2 });
    insertEvents(rig.db, 6);
    rig.convoy.latencyMs = 1_000;
    void rig.start();
    await rig.clock.settle();
    await rig.store.takeOver({ slot: '00', nowMs: rig.clock.nowMs() });
    await rig.clock.advance(60_000);
    expect(statusCounts(rig.db)).toEqual({ processed: 6 });
  });
});

test('two relayers on one database send every event once between them', async () => {
  const first = await createRig({ concurrency: 3 });
  const second = await createRig({ beside: first, slot: '01', concurrency: 3 });
  insertEvents(first.db, 100);
  void first.start();
  void second.start();
  await first.clock.advance(60_000);
  const sent = [...first.convoy.sent, ...second.convoy.sent].map(({ seq }) => seq);
  expect(sent.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  expect(first.convoy.sent.length).toBeGreaterThan(10);
  expect(second.convoy.sent.length).toBeGreaterThan(10);
});
