// Whether this relayer can do its work at this moment, and if not, why: what /readyz answers.
import type { Meters } from './meters.ts';

/** A lock held for a moment is everyday life, and so is a slot that is replaced. */
const failingForMs = 2_000;

/** The reasons why it cannot; empty when it can. */
export function reasonsNotReady(meters: Meters, nowMs: number): readonly string[] {
  const { failingSinceMs, gateway, held } = meters;
  return [
    ...(meters.isSendingAllowed
      ? []
      : ['the gateway has not confirmed the project yet: nothing is sent before']),
    ...(failingSinceMs !== null && nowMs - failingSinceMs > failingForMs
      ? [`the database cannot be written for ${Math.round((nowMs - failingSinceMs) / 1_000)} s`]
      : []),
    ...(held !== null && nowMs - held.sinceMs > failingForMs
      ? [`${held.reason} for ${Math.round((nowMs - held.sinceMs) / 1_000)} s: nothing is claimed`]
      : []),
    ...(gateway.reason === null
      ? []
      : [
          `the gateway takes no events for ${Math.round((nowMs - gateway.sinceMs) / 1_000)} s: ${gateway.reason}`,
        ]),
  ];
}
