// The filter that list, redrive and discard share: its flags, and the events that they name. It asks no database.
import type { Options } from 'yargs';
import { parseDuration } from '../../apps/outbox/duration.ts';
import { type EventFilter, eventStates } from '../../apps/outbox/listing-verbs.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';

/** What yargs makes of the flags. */
export interface FilterArguments {
  readonly state?: EventFilter['state'] | undefined;
  readonly business?: string | undefined;
  readonly type?: string | undefined;
  readonly error?: string | undefined;
  readonly 'older-than'?: string | undefined;
  readonly 'newer-than'?: string | undefined;
}

export const filterOptions = {
  state: { choices: eventStates, describe: 'Only events in this state' },
  business: { type: 'string', requiresArg: true, describe: 'Only events of this business id' },
  type: { type: 'string', requiresArg: true, describe: 'Only events of this type' },
  error: { type: 'string', requiresArg: true, describe: 'Only events whose last error contains this' },
  'older-than': {
    type: 'string',
    requiresArg: true,
    describe: 'Only events created before, such as 1h or 7d',
  },
  'newer-than': { type: 'string', requiresArg: true, describe: 'Only events created since, such as 30m' },
} as const satisfies Record<keyof FilterArguments, Options>;

/** The filter of the flags. Throws ERR_OUTBOX_CONFIG for a span that is none. */
export function filterOf(given: FilterArguments, nowMs: number): EventFilter {
  const olderMs = agoMs('older-than', given['older-than']);
  const newerMs = agoMs('newer-than', given['newer-than']);
  return {
    ...(given.state === undefined ? {} : { state: given.state }),
    ...(given.business === undefined ? {} : { businessId: given.business }),
    ...(given.type === undefined ? {} : { eventType: given.type }),
    ...(given.error === undefined ? {} : { error: given.error }),
    ...(olderMs === undefined ? {} : { createdBeforeMs: nowMs - olderMs }),
    ...(newerMs === undefined ? {} : { createdFromMs: nowMs - newerMs }),
  };
}

/** The flags as they were given, for a record that a person reads. */
export function filterText(given: FilterArguments): string {
  return Object.keys(filterOptions)
    .flatMap((name) => {
      const value = given[name as keyof FilterArguments];
      return value === undefined ? [] : [`--${name} ${value}`];
    })
    .join(' ');
}

/** A span such as `7d` in ms. Throws ERR_OUTBOX_CONFIG. */
export function spanMs(flag: string, given: string): number {
  const parsed = parseDuration(given);
  if (parsed !== null) return parsed;
  throw new OutboxError(
    'ERR_OUTBOX_CONFIG',
    `--${flag}: expected a duration such as 30m, 12h or 7d, got "${given}".`,
  );
}

function agoMs(flag: string, given: string | undefined): number | undefined {
  return given === undefined ? undefined : spanMs(flag, given);
}
