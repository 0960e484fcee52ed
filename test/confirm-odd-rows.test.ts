// Reading back among rows that somebody inserted or edited in a way of their own: none of them stops the others.
import { describe, expect, test } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import { confirmRig, hourMs, minuteMs } from './confirm-rig.ts';
import { keep, lose } from './confirm-scenes.ts';

describe('an event whose creation is no instant, or lies ahead', () => {
  // Inserted by a program with a notion of its own; the outbox asks nothing of this column.
  test.each([
    ['epoch milliseconds', Date.UTC(2026, 0, 1)],
    ['words', 'yesterday'],
    ['the year 2100', '2100-01-01T00:00:00.000+00:00'],
  ])(
    '(%s) is found or sent again like any other, and keeps none of them waiting',
    async (_what, createdAt) => {
      const rig = await confirmRig();
      const [odd] = await lose(rig, 1, 'odd');
      const [stored] = rig.append(1, 'stored');
      await rig.deliver();
      rig.db.prepare('UPDATE events SET created_at = ?').run(createdAt);
      // Stored long before its acceptance was settled: only its key finds it.
      rig.clock.stall(3 * hourMs);
      rig.db.prepare('UPDATE events SET processed_at = ?').run(isoText(rig.clock.nowMs()));
      rig.clock.stall(hourMs);
      const [lost] = await lose(rig, 1, 'lost');
      await keep(rig, 1, 'b');
      rig.clock.stall(7 * minuteMs);
      expect(await (await rig.confirmer()).pass()).toMatchObject({ confirmed: 2, resent: 2, reported: 0 });
      expect(rig.row(stored ?? '').confirmed_at).not.toBeNull();
      for (const id of [odd, lost])
        expect(rig.row(id ?? '')).toMatchObject({ status: 'pending', resends: 1 });
    },
  );
});

test('a lost event whose count was edited to below 0 is sent again like any other', async () => {
  const rig = await confirmRig();
  await lose(rig, 2, 'lost');
  await keep(rig, 1, 'b');
  rig.db.pragma('ignore_check_constraints = ON');
  rig.db.prepare('UPDATE events SET resends = -5 WHERE id = ?').run('lost0');
  rig.clock.stall(7 * minuteMs);
  expect(await (await rig.confirmer()).pass()).toMatchObject({ confirmed: 1, resent: 2 });
  expect(rig.row('lost0')).toMatchObject({ status: 'pending', resends: 1 });
});
