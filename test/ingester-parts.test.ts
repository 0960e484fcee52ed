// The small parts of the ingester: what it makes up, when it is due, what it writes beside the database.
import { appendFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { businesses, generateInvoice } from '../apps/ingester/generate.ts';
import { openJournal } from '../apps/ingester/journal.ts';
import { nextTickMs } from '../apps/ingester/schedule.ts';
import { tempDirectory } from './helpers.ts';
import { newId } from './ingester-rig.ts';
import { seededRandom } from './seeded-random.ts';

describe('a made-up invoice', () => {
  test('stays within its bounds, and every choice comes up', () => {
    const random = seededRandom(1);
    const invoices = Array.from({ length: 5_000 }, () => generateInvoice({ random, newId }));
    const all = (pick: (invoice: (typeof invoices)[number]) => unknown) => new Set(invoices.map(pick));
    expect(all((invoice) => invoice.business)).toEqual(new Set(businesses));
    expect(all((invoice) => invoice.currency)).toEqual(new Set(['USD', 'EUR', 'GBP']));
    expect(all((invoice) => invoice.status)).toEqual(new Set(['draft', 'sent', 'paid', 'overdue']));
    expect(all((invoice) => invoice.id).size).toBe(5_000);
    for (const { amountMinor, description } of invoices) {
      expect(Number.isInteger(amountMinor) && amountMinor >= 9_999 && amountMinor <= 1_009_899).toBe(true);
      expect(description).not.toBe('');
    }
  });

  test('reaches both ends of its amounts', () => {
    const amountAt = (chance: number) => generateInvoice({ random: () => chance, newId }).amountMinor;
    expect([amountAt(0), amountAt(1 - Number.EPSILON)]).toEqual([9_999, 1_009_899]);
  });

  test('repeats for the same seed', () => {
    const make = () => generateInvoice({ random: seededRandom(7), newId: () => 'same' });
    expect(make()).toEqual(make());
  });
});

describe('the schedule', () => {
  const next = (nowMs: number) => nextTickMs({ startMs: 1_000, intervalMs: 30, nowMs });

  test('does not drift: lateness within an interval changes nothing', () => {
    expect([next(1_000), next(1_001), next(1_029.9)]).toEqual([1_030, 1_030, 1_030]);
  });

  test('leaves out what a pause missed', () => {
    expect([next(1_030), next(1_030 + 30 * 1_000 + 7)]).toEqual([1_060, 1_030 + 30 * 1_001]);
  });
});

describe('the journal', () => {
  test('never joins an id to what a kill cut off', () => {
    const file = path.join(tempDirectory(), 'journal');
    const first = openJournal(file);
    first.add('one');
    first.close();
    appendFileSync(file, 'tw');
    const second = openJournal(file);
    second.add('three');
    second.add('four');
    second.close();
    expect(readFileSync(file, 'utf8')).toBe('one\ntw\nthree\nfour\n');
  });

  test('in a folder that is not there is a configuration error', () => {
    expect(() => openJournal(path.join(tempDirectory(), 'missing', 'journal'))).toThrow(
      expect.objectContaining({ code: 'ERR_OUTBOX_CONFIG' }),
    );
  });
});
