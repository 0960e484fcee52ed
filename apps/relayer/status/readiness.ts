// Whether this relayer can do its work at this moment, and if not, why: what /readyz answers.
import type { Meters } from './meters.ts';

/** A lock held for a moment is everyday life. */
const failingForMs = 2_000;

/** The reasons why it cannot; empty when it can. */
export function reasonsNotReady(meters: Meters, nowMs: number): readonly string[] {
  const { failingSinceMs, gateway } = meters;
  return [
    ...(meters.isSendingAllowed
      ? []
      : ['the gateway has not confirmed the project yet: nothing is sent before']),
    ...(failingSinceMs !== null && nowMs - failingSinceMs > failingForMs
      ? [`the database cannot be written for ${Math.round((nowMs - failingSinceMs) / 1_000)} s`]
      : []),
    ...(gateway.reason === null
      ? []
      : [
          `the gateway takes no events for ${Math.round((nowMs - gateway.sinceMs) / 1_000)} s: ${gateway.reason}`,
        ]),
  ];
}
