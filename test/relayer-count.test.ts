// How many relayers PM2 is told to run.
import { expect, test } from 'vitest';
import { relayerCount } from '../scripts/relayer-count.ts';

test('PM2 runs one relayer, or as many as OUTBOX_RELAYERS says', () => {
  expect(relayerCount({})).toBe(1);
  expect(relayerCount({ OUTBOX_RELAYERS: '3' })).toBe(3);
});

test.each(['0', '64', '-1', 'max', '1.5'])('OUTBOX_RELAYERS=%s is refused by name', (given) => {
  expect(() => relayerCount({ OUTBOX_RELAYERS: given })).toThrow(
    `OUTBOX_RELAYERS: expected a whole number from 1 to 63, got "${given}"`,
  );
});
