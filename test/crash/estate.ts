// What a relayer leaves when it dies: its leases, as the record of a chaos run names them. Those of others are not its own.
import type Database from 'better-sqlite3';
import type { Estate } from '../../scripts/chaos/record.ts';
import { type Runner, slotOf } from './runner.ts';
import { concurrency } from './setting.ts';

/** All leases there are. */
export type Leases = readonly {
  readonly key: string;
  readonly leaseId: string;
  readonly untilMs: number;
}[];

export function leasesIn(db: Database.Database): Leases {
  return db
    .prepare(
      `SELECT id || key_suffix AS key, lease_id AS leaseId, available_at AS untilMs
         FROM events WHERE lease_id IS NOT NULL`,
    )
    .all() as Leases;
}

/**
 * What the dead relayer held: `before` it died, and of the leases there are now. One that had not yet come up held nothing: it
 * sends nothing before it says so.
 */
export function estateOf(
  { node }: Pick<Runner, 'node'>,
  { before, leases }: { readonly before: readonly string[]; readonly leases: Leases },
): Estate {
  const slot = slotOf(node.stdout) ?? '';
  const own = slot === '' ? [] : leases.filter(({ leaseId }) => leaseId.startsWith(`${slot}:`));
  return {
    slot,
    held: inSlots([...new Set([...before, ...own.map(({ key }) => key)])]),
    leased: own.length,
    leasedUntilMs: Math.min(...own.map(({ untilMs }) => untilMs), Number.MAX_SAFE_INTEGER),
  };
}

/** The same keys. Throws when one relayer cannot have held so many. */
export function inSlots(keys: readonly string[]): readonly string[] {
  if (keys.length <= concurrency) return keys;
  throw new Error(`it holds ${keys.length} events, and has ${concurrency} slots`);
}
