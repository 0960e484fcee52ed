// What a redrive makes of an event, whichever database holds it: its next key, and what the record keeps of the acceptance that the
// row forgets. Pure.
import { isoText } from './clock.ts';

/** An event just before it is redriven. */
export interface EventBefore {
  readonly seq: number;
  readonly id: string;
  readonly keySuffix: string;
  readonly gateway: string | null;
  /** Epoch ms, as the other one; null where it never came to that. */
  readonly processedAtMs: number | null;
  readonly confirmedAtMs: number | null;
}

/** An acceptance that a redrive took off its event, as a member of the record's `accepted`. */
export interface FormerAcceptance {
  readonly seq: number;
  /** The idempotency key under which it was accepted. */
  readonly key: string;
  readonly gateway: string | null;
  /** As texts, for people who read the table itself. */
  readonly processed_at: string;
  readonly confirmed_at: string | null;
}

/**
 * The suffix of the next key: `~r2`, then `~r3` and so on. It may be taken only if its key is no other event's id, else the one after it.
 * Nothing else can have that key: a suffix begins with the last `~` of a key, so that two events with suffixes and one key would
 * have one id. The id counts whatever suffix its event has now: it was a key once.
 */
export function nextSuffix(keySuffix: string): string {
  return `~r${BigInt(/^~r(\d+)/.exec(keySuffix)?.[1] ?? 1) + 1n}`;
}

/**
 * The record's members about the events redriven that had been accepted: none, or `accepted` with one entry each. The caller bounds how
 * many events are one decision (the command line: 200, some 40 KB).
 */
export function formerAcceptances(events: readonly EventBefore[]): {
  readonly accepted?: readonly FormerAcceptance[];
} {
  const accepted = events.flatMap((event): FormerAcceptance[] => {
    const processedAt = instantText(event.processedAtMs);
    if (processedAt === null) return [];
    const { seq, id, keySuffix, gateway, confirmedAtMs } = event;
    const key = id + keySuffix;
    return [{ seq, key, gateway, processed_at: processedAt, confirmed_at: instantText(confirmedAtMs) }];
  });
  return accepted.length === 0 ? {} : { accepted };
}

/** A row edited by hand may hold no date. */
function instantText(atMs: number | null): string | null {
  return atMs === null || !Number.isFinite(atMs) ? null : isoText(atMs);
}
