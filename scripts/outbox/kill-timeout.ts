// How long PM2 waits between asking a relayer to stop and killing it: one answer for the ecosystem file and for the doctor.
import type { Variables } from '../../apps/outbox/environment.ts';
import { duration } from '../../apps/outbox/flag.ts';

/** After its drain a relayer settles (at most 2 s while the database is locked) and closes. */
const afterDrainMs = 3_000;
const leastMs = 8_000;
const defaultDrainTimeout = '5s';

/** The least `kill_timeout` that leaves a relayer time for its drain and what follows it. */
export function leastKillTimeoutMs(drainTimeoutMs: number): number {
  return drainTimeoutMs + afterDrainMs;
}

/** For the RELAYER_DRAIN_TIMEOUT of the environment; never under 8 s. A value that is none is left to the relayer, which names it. */
export function killTimeoutMs({ RELAYER_DRAIN_TIMEOUT: given = defaultDrainTimeout }: Variables): number {
  const parsed = duration({ minMs: 0, maxMs: 3_600_000 })(given);
  return parsed.kind === 'value' ? Math.max(leastMs, leastKillTimeoutMs(parsed.value)) : leastMs;
}
