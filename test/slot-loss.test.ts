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

function scene(acquire: () => Promise<RelayerSlot>, whileTakingOver = () => {}) {
  const clock = new FakeClock();
  const log = new MemoryLog();
  const stopping = new AbortController();
  const events: string[] = [];
  const first = losable('00');
  const holder = new SlotHolder(first.slot);
  const kept = holder.keep({
    slots: { acquire },
    takeOver: async () => {
      events.push(`takes over ${holder.name}`);
      whileTakingOver();
    },
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

test('claims nothing in a slot that is lost again while it takes over in it', async () => {
  const [second, third] = [losable('01'), losable('02')];
  const free = [second, third];
  const { events, first, holder, kept, stop, clock } = scene(
    async () => free.shift()?.slot ?? expect.unreachable(),
    second.lose,
  );
  first.lose();
  await clock.advance(150);
  expect(events.slice(0, 3)).toEqual(['claims nothing', 'takes over 01', 'claims nothing']);
  expect(holder.isLost).toBe(true);
  await clock.advance(200);
  expect(events.slice(3)).toEqual(['takes over 02', 'claims']);
  expect(holder.isLost).toBe(false);
  stop();
  await kept;
});

test('gives back a slot in which it cannot take over, before it asks for another', async () => {
  const second = losable('01');
  const given: string[] = [];
  let fails = true;
  const slot = { ...second.slot, release: async () => void given.push('01') };
  const { events, first, kept, stop, clock } = scene(
    async () => slot,
    () => {
      if (fails) throw new Error('damaged');
    },
  );
  first.lose();
  await clock.advance(200);
  expect([...events, ...given]).toEqual(['claims nothing', 'takes over 01', '01']);
  fails = false;
  await clock.advance(1_000);
  expect(events.at(-1)).toBe('claims');
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
