// How many relayers PM2 runs: one answer for the ecosystem file, which holds no rules of its own.
import type { Variables } from '../apps/outbox/environment.ts';
import { wholeNumber } from '../apps/outbox/flag.ts';
import { OutboxError } from '../apps/outbox/outbox-error.ts';

/** One slot is left for a relayer that starts while an old one still drains. */
const most = 63;

/** The value of OUTBOX_RELAYERS; 1 when it is not set. Throws ERR_OUTBOX_CONFIG for what is no whole number from 1 to 63. */
export function relayerCount({ OUTBOX_RELAYERS: given = '1' }: Variables): number {
  const parsed = wholeNumber({ min: 1, max: most })(given);
  if (parsed.kind === 'value') return parsed.value;
  throw new OutboxError('ERR_OUTBOX_CONFIG', `OUTBOX_RELAYERS: expected ${parsed.text}, got "${given}"`);
}
