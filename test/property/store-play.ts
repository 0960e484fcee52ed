// What every command of a random sequence does: the same to the real store and to the model, and then it compares the
// whole table, the numbers, and what must hold in any case.
import assert from 'node:assert/strict';
import type fc from 'fast-check';
import type { OutboxStore } from '../../apps/outbox/store.ts';
import type { EventRow } from '../outbox-database.ts';
import { assertInvariants, type Verb } from './store-invariants.ts';
import type { StoreModel } from './store-model.ts';
import { assertSameTable } from './store-table.ts';
import type { StoreWorld } from './store-world.ts';

/** What a sequence knows beside the events: the time of day, and every lease that was ever handed out. */
export interface Play {
  readonly model: StoreModel;
  nowMs: number;
  /** The table as the command before left it. */
  rows: readonly EventRow[];
  readonly handedOut: { readonly slot: string; readonly seq: number; readonly leaseId: string }[];
}

export type StoreCommand = fc.AsyncCommand<Play, StoreWorld>;
type Act = (play: Play, world: StoreWorld) => Promise<void>;

export const slots = ['00', '01', '02', '03'] as const;
export const gateways = ['https://a.test/api/v1/projects/p', 'https://b.test/api/v1/projects/p'] as const;
export const leaseMs = 30_000;

/** A command with its name in the report. */
export function command(name: string, verb: Verb, act: Act): StoreCommand {
  return {
    check: () => true,
    toString: () => name,
    async run(play, world) {
      const before = play.rows;
      await act(play, world);
      const after = await world.rows();
      play.rows = after;
      assertInvariants(verb, before, after);
      assertSameTable(play.model, after);
      // The numbers follow from the table, and a look at all 64 slots costs more than a turn.
      if (verb !== 'turn' && verb !== 'turns') await assertSameNumbers(play, world.holder('00').store);
    },
  };
}

async function assertSameNumbers({ model, nowMs }: Play, store: OutboxStore): Promise<void> {
  assert.deepEqual(await store.counts(), model.counts(), 'counts');
  assert.deepEqual(await store.slotsWithLeases(), model.slotsWithLeases(), 'slots with leases');
  assert.equal(await store.nextDueAtMs(nowMs), model.nextDueAtMs(nowMs), 'next instant at which one is due');
}
