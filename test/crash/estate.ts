// What a relayer leaves when it dies: its leases, as the record of a chaos run names them. Those of others are not its own.
import type Database from 'better-sqlite3';
import { slotNames } from '../../apps/outbox/lease-id.ts';
import type { Estate } from '../../scripts/chaos/record.ts';
import { type Runner, slotOf } from './runner.ts';
import { concurrency } from './setting.ts';

/** All leases there are. */
export type Leases = readonly {
  readonly key: string;
  readonly leaseId: string;
  readonly untilMs: number;
}[];

/** What there is to be seen when a relayer has died. */
export interface Remains {
  readonly before: readonly string[];
  readonly leases: Leases;
  /** The relayers that live. */
  readonly others: readonly Pick<Runner, 'node'>[];
  /** Any object that stands for the world. */
  readonly world: object;
}

/** None before the first migration. */
export function leasesIn(db: Database.Database): Leases {
  const isThere = db.prepare(`SELECT 1 FROM sqlite_master WHERE name = 'events'`).get() !== undefined;
  if (!isThere) return [];
  return db
    .prepare(
      `SELECT id || key_suffix AS key, lease_id AS leaseId, available_at AS untilMs
         FROM events WHERE lease_id IS NOT NULL`,
    )
    .all() as Leases;
}

/** Leases that a dead relayer has been given already, by world: what its successor on that slot had not yet taken over is not its own. */
const given = new WeakMap<object, Set<string>>();

/**
 * What the dead relayer held: `before` it died, and of the leases there are now. It sends before its first line is out, since the
 * log loads later; one that had not yet told its slot has the first that no other living relayer has.
 */
export function estateOf({ node }: Pick<Runner, 'node'>, { before, leases, others, world }: Remains): Estate {
  const taken = others.map((other) => slotOf(other.node.stdout));
  const slot = slotOf(node.stdout) ?? slotNames().find((name) => !taken.includes(name)) ?? '';
  const known = given.get(world) ?? new Set();
  given.set(world, known);
  const own = leases.filter(({ leaseId }) => leaseId.startsWith(`${slot}:`) && !known.has(leaseId));
  for (const { leaseId } of own) known.add(leaseId);
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
