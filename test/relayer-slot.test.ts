// The proof that a relayer lives: a lock that the operating system lets go when the process dies, however it dies.
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RelayerSlot } from '../apps/outbox/relayer-slot.ts';
import { acquireSlot, tryAcquireSlot } from '../apps/outbox/sqlite/relayer-slot.ts';
import { tempDirectory } from './helpers.ts';
import { newDatabaseFile } from './outbox-database.ts';
import { startSlotHolder } from './slot-holder.ts';

function kept<Slot extends RelayerSlot | null>(slot: Slot): Slot {
  onTestFinished(() => slot?.release());
  return slot;
}

describe('a slot', () => {
  test('belongs to one process while that lives, and the next starter gets the next slot', {
    timeout: 5_000,
  }, async () => {
    const file = newDatabaseFile();
    const holder = await startSlotHolder(file);
    expect(holder.slot).toBe('00');
    // It answers at once: a waiting lock would stop the event loop for 5 s, and this test with it.
    expect(tryAcquireSlot(file, '00')).toBeNull();
    expect(kept(acquireSlot(file)).name).toBe('01');
  });

  test('is free as soon as its holder was killed', async () => {
    const file = newDatabaseFile();
    const holder = await startSlotHolder(file);
    await holder.kill();
    expect(kept(acquireSlot(file)).name).toBe('00');
  });

  test('still belongs to a process that was stopped', async () => {
    const file = newDatabaseFile();
    const holder = await startSlotHolder(file);
    process.kill(holder.pid, 'SIGSTOP');
    expect(tryAcquireSlot(file, '00')).toBeNull();
    process.kill(holder.pid, 'SIGCONT');
  });

  test('goes to one of several processes that start at once', async () => {
    const file = newDatabaseFile();
    const holders = await Promise.all(Array.from({ length: 4 }, () => startSlotHolder(file)));
    expect(holders.map(({ slot }) => slot).toSorted()).toEqual(['00', '01', '02', '03']);
  });

  test('is free again once it is released', () => {
    const file = newDatabaseFile();
    const slot = acquireSlot(file);
    expect(tryAcquireSlot(file, slot.name)).toBeNull();
    void slot.release();
    expect(kept(tryAcquireSlot(file, slot.name))?.name).toBe('00');
  });

  test('is the same by every path to the database', () => {
    const file = newDatabaseFile();
    const link = path.join(tempDirectory(), 'linked.db');
    symlinkSync(file, link);
    kept(acquireSlot(file));
    expect(tryAcquireSlot(link, '00')).toBeNull();
  });

  test('of one database is not that of another', () => {
    expect(kept(acquireSlot(newDatabaseFile())).name).toBe('00');
    expect(kept(acquireSlot(newDatabaseFile())).name).toBe('00');
  });
});

describe('a held slot', () => {
  test('is intact while its lock file is the one that was locked', () => {
    const file = newDatabaseFile();
    const slot = kept(acquireSlot(file));
    expect(() => slot.assertHeld()).not.toThrow();
  });

  test('is no longer intact when its lock file was removed, moved or replaced', () => {
    const lockOf = (file: string) => `${file}.relayer-00.lock`;
    const tamper: readonly ((lock: string) => void)[] = [
      (lock) => rmSync(lock),
      (lock) => renameSync(lock, `${lock}.away`),
      (lock) => {
        writeFileSync(`${lock}.new`, '');
        renameSync(`${lock}.new`, lock);
      },
    ];
    for (const change of tamper) {
      const file = newDatabaseFile();
      const slot = kept(acquireSlot(file));
      change(lockOf(file));
      expect(() => slot.assertHeld()).toThrow(expect.objectContaining({ code: 'ERR_OUTBOX_SLOT' }));
    }
  });
});

describe('no slot is to be had', () => {
  test('when all 64 are held: the error says so', () => {
    const file = newDatabaseFile();
    const names = Array.from({ length: 64 }, () => kept(acquireSlot(file)).name);
    expect(names.at(-1)).toBe('63');
    expect(() => acquireSlot(file)).toThrow(expect.objectContaining({ code: 'ERR_OUTBOX_SLOT' }));
  });

  test('when the lock file is something else: the error names it', () => {
    const file = newDatabaseFile();
    writeFileSync(
      `${file}.relayer-00.lock`,
      'notes about relayers, in a file of the wrong name\n'.repeat(100),
    );
    expect(() => acquireSlot(file)).toThrow(
      expect.objectContaining({
        code: 'ERR_OUTBOX_DATABASE_UNAVAILABLE',
        message: expect.stringContaining('.relayer-00.lock'),
      }),
    );
  });
});
