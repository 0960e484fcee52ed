// A slot that is taken from a living relayer: it claims nothing until it holds another, whose earlier holder it takes over from.
import { expect, test } from 'vitest';
import type { RelayerSlot } from '../apps/outbox/relayer-slot.ts';
import { SlotHolder } from '../apps/relayer/slot-holder.ts';
import { FakeClock } from './fake-clock.ts';
import { MemoryLog } from './relayer-rig.ts';

/** A slot whose loss the test decides. */
function losable(name: string) {
  let lose = () => {};
  const lost = new Promise<void>((resolve) => {
    lose = resolve;
  });
  const slot: RelayerSlot = { name, isExclusive: true, assertHeld() {}, lost, async release() {} };
  return { slot, lose: () => lose() };
}

function scene(acquire: () => Promise<RelayerSlot>) {
  const clock = new FakeClock();
  const log = new MemoryLog();
  const stopping = new AbortController();
  const events: string[] = [];
  const first = losable('00');
  const holder = new SlotHolder(first.slot);
  const kept = holder.keep({
    slots: { acquire },
    takeOver: async () => events.push(`takes over ${holder.name}`),
    allowClaims: (isAllowed) => events.push(isAllowed ? 'claims' : 'claims nothing'),
    ...{ clock, log, signal: stopping.signal },
  });
  return { clock, log, events, first, holder, kept, stop: () => stopping.abort() };
}

test('claims nothing from the loss on, then takes over in its new slot, then claims', async () => {
  const second = losable('01');
  const { events, first, holder, kept, stop, clock } = scene(async () => second.slot);
  expect(holder.nextLeaseId()).toMatch(/^00:/);
  first.lose();
  await clock.settle();
  expect(events).toEqual(['claims nothing']);
  await clock.advance(200);
  expect(events).toEqual(['claims nothing', 'takes over 01', 'claims']);
  expect(holder.nextLeaseId()).toMatch(/^01:/);
  second.lose();
  await clock.settle();
  expect(events.slice(3, 4)).toEqual(['claims nothing']);
  stop();
  await kept;
});

test('gets its old slot again: its lease ids go on, and say whose they are', async () => {
  const { first, holder, kept, stop, clock } = scene(async () => losable('00').slot);
  const ids = [holder.nextLeaseId(), holder.nextLeaseId()];
  first.lose();
  await clock.advance(200);
  ids.push(holder.nextLeaseId());
  expect(new Set(ids).size).toBe(3);
  for (const id of ids) expect(id.startsWith(`00:${holder.token}:`)).toBe(true);
  stop();
  await kept;
});

test('tries on while no slot is to be had, claiming nothing, and says so once', async () => {
  let tries = 0;
  const { events, first, kept, stop, clock, log } = scene(async () => {
    tries += 1;
    if (tries < 3) throw new Error('the server is away');
    return losable('07').slot;
  });
  first.lose();
  await clock.settle();
  expect(events).toEqual(['claims nothing']);
  await clock.advance(5_000);
  expect(tries).toBe(3);
  expect(events).toEqual(['claims nothing', 'takes over 07', 'claims']);
  expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'warn', 'info']);
  stop();
  await kept;
});

test('a slot that cannot be lost needs no keeping', async () => {
  const slot: RelayerSlot = { name: '00', isExclusive: true, assertHeld() {}, async release() {} };
  await new SlotHolder(slot).keep({
    slots: { acquire: () => Promise.reject(new Error('nobody asks')) },
    takeOver: async () => {},
    allowClaims: () => expect.unreachable(),
    ...{ clock: new FakeClock(), log: new MemoryLog(), signal: new AbortController().signal },
  });
});
