// Who takes over from whom: from the dead at once, from the living never.
import { mkdirSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sqliteSlots } from '../apps/outbox/sqlite/database.ts';
import { tryAcquireSlot } from '../apps/outbox/sqlite/relayer-slot.ts';
import type { SqliteStore } from '../apps/outbox/sqlite/store.ts';
import { patientStore } from '../apps/relayer/patient-store.ts';
import { takeOverDeadSlots, takeOverOwnSlot } from '../apps/relayer/takeover.ts';
import { FakeClock } from './fake-clock.ts';
import { eventRow, insertEvent, newDatabaseFile, openStore, plainConnection } from './outbox-database.ts';
import { MemoryLog } from './relayer-rig.ts';
import { startSlotHolder } from './slot-holder.ts';

/** A relayer's view of a database on which others have worked. */
async function scene(file = newDatabaseFile()) {
  const store = await openStore(file);
  const slots = sqliteSlots(file);
  const slot = await slots.acquire();
  onTestFinished(() => slot.release());
  const db = plainConnection(file);
  const leased = (leaseId: string) =>
    insertEvent(db, { lease_id: leaseId, claims: 1, available_at: Date.UTC(2027, 0, 1) });
  const leaseOf = (seq: number) => eventRow(db, seq).lease_id;
  return {
    databaseFile: file,
    store,
    slots,
    slot,
    clock: new FakeClock(),
    log: new MemoryLog(),
    leased,
    leaseOf,
  };
}

/** The store as a relayer has it, which tries on while the database cannot be written. */
function patient({ store, clock, log }: Awaited<ReturnType<typeof scene>>) {
  return patientStore(store, { clock, log, random: () => 0.5, signal: new AbortController().signal });
}

describe('at its start a relayer', () => {
  test('ends what earlier holders of its own slot left, and says so', async () => {
    const own = await scene();
    expect(own.slot.name).toBe('00');
    const seqs = [own.leased('00:dead:1'), own.leased('00:dead:2')];
    const other = own.leased('01:x:1');
    expect(await takeOverOwnSlot(own)).toBe(2);
    expect(seqs.map(own.leaseOf)).toEqual([null, null]);
    expect(own.leaseOf(other)).toBe('01:x:1');
    expect(own.log.lines).toMatchObject([{ level: 'info', fields: { slot: '00', events: 2 } }]);
    expect(await own.store.lastLogged('taken_over')).toEqual({ slot: '00', events: 2 });
  });

  test('says and records nothing when there was nothing', async () => {
    const own = await scene();
    expect(await takeOverOwnSlot(own)).toBe(0);
    expect(own.log.lines).toEqual([]);
    expect(await own.store.lastLogged('taken_over')).toBeNull();
  });
});

describe('later a relayer', () => {
  test('never takes what a living one holds, and takes it at once when that was killed', async () => {
    const file = newDatabaseFile();
    const living = await startSlotHolder(file);
    const own = await scene(file);
    expect([living.slot, own.slot.name]).toEqual(['00', '01']);
    const seq = own.leased('00:living:1');
    expect(await takeOverDeadSlots(own)).toBe(0);
    expect(own.leaseOf(seq)).toBe('00:living:1');
    await living.kill();
    expect(await takeOverDeadSlots(own)).toBe(1);
    expect(own.leaseOf(seq)).toBeNull();
  });

  test('takes over from every dead slot, and leaves its own leases alone', async () => {
    const own = await scene();
    const dead = ['01:a:1', '07:b:1', '63:c:1'].map(own.leased);
    const mine = own.leased('00:me:1');
    expect(await takeOverDeadSlots(own)).toBe(3);
    expect(dead.map(own.leaseOf)).toEqual([null, null, null]);
    expect(own.leaseOf(mine)).toBe('00:me:1');
  });

  test('leaves what it has in flight from a slot that it lost, whichever it holds now', async () => {
    const own = await scene();
    const slot = { name: own.slot.name, isExclusive: true, token: 'me' };
    const mine = ['00:me:1', '05:me:2'].map(own.leased);
    const dead = ['00:dead:1', '05:dead:1'].map(own.leased);
    expect(await takeOverOwnSlot({ ...own, slot })).toBe(1);
    expect(await takeOverDeadSlots({ ...own, slot })).toBe(1);
    expect(mine.map(own.leaseOf)).toEqual(['00:me:1', '05:me:2']);
    expect(dead.map(own.leaseOf)).toEqual([null, null]);
  });

  test('goes on to the next slot when one lock file cannot be used', async () => {
    const own = await scene();
    mkdirSync(`${own.databaseFile}.relayer-05.lock`);
    own.leased('05:a:1');
    const seq = own.leased('07:b:1');
    expect(await takeOverDeadSlots(own)).toBe(1);
    expect(own.leaseOf(seq)).toBeNull();
    expect(own.log.lines).toMatchObject([{ level: 'warn', fields: { slot: '05' } }, { level: 'info' }]);
  });

  test("holds the dead slot's lock while it takes over, so that nobody can start in it meanwhile", async () => {
    const own = await scene();
    own.leased('05:a:1');
    const takeOver = own.store.takeOver.bind(own.store);
    const seen: (object | null)[] = [];
    const store: SqliteStore = {
      ...own.store,
      takeOver: (request) => {
        seen.push(tryAcquireSlot(own.databaseFile, '05'));
        return takeOver(request);
      },
    };
    await takeOverDeadSlots({ ...own, store });
    expect(seen).toEqual([null]);
    const after = tryAcquireSlot(own.databaseFile, '05');
    expect(after).not.toBeNull();
    after?.release();
  });

  test('tries once where a lock dies with its session: when the server is back, somebody else may hold it', async () => {
    const own = await scene();
    own.leased('05:a:1');
    const lost = new Promise<void>(() => {});
    const slots = {
      ...own.slots,
      tryAcquire: async (name: string) => ({
        ...{ name, isExclusive: true, lost, assertHeld() {}, async release() {} },
      }),
    };
    const store = patient(own);
    const blocker = plainConnection(own.databaseFile);
    blocker.exec('BEGIN IMMEDIATE');
    await expect(takeOverDeadSlots({ ...own, slots, store })).rejects.toThrow('locked');
    // The lock files of SQLite are held whatever the database does.
    const second = takeOverDeadSlots({ ...own, store });
    await own.clock.settle();
    blocker.exec('COMMIT');
    await own.clock.advance(1_000);
    expect(await second).toBe(1);
  });

  test('lets its own slot be when that is lost while the database cannot be written', async () => {
    const own = await scene();
    const slot = { name: own.slot.name, isExclusive: true, isLost: false };
    const store = patient(own);
    const seq = own.leased('00:a:1');
    const blocker = plainConnection(own.databaseFile);
    blocker.exec('BEGIN IMMEDIATE');
    const taking = takeOverOwnSlot({ ...own, slot, store });
    await own.clock.settle();
    slot.isLost = true;
    blocker.exec('COMMIT');
    await own.clock.advance(1_000);
    expect(await taking).toBe(0);
    expect(own.leaseOf(seq)).toBe('00:a:1');
  });

  test('lets the lock go when the database cannot be written, and takes over the next time', async () => {
    const own = await scene();
    const seq = own.leased('05:a:1');
    const blocker = plainConnection(own.databaseFile);
    blocker.exec('BEGIN IMMEDIATE');
    await expect(takeOverDeadSlots(own)).rejects.toThrow('locked');
    expect(own.leaseOf(seq)).toBe('05:a:1');
    blocker.exec('COMMIT');
    expect(await takeOverDeadSlots(own)).toBe(1);
  });
});
