// Every crash point: in which scenes it is passed, and whether whoever is stopped there holds the write lock. The type makes
// the table complete: a point without a row does not compile.
import type { CrashPoint } from '../../apps/outbox/crash-point.ts';
import type { SceneName } from './scenes.ts';

/** A scene that passes the point, and the last passage that is tried. */
export interface Passage {
  readonly scene: SceneName;
  /** Default 12. Fewer where a process comes by only so often. */
  readonly most?: number;
}

export interface CrashRow {
  /** Whether the write lock is held at this point: then everybody waits for whoever stopped there. */
  readonly lock: 'held' | 'free';
  /** The first is for every day. */
  readonly passages: readonly [Passage, ...Passage[]];
}

const held = (...passages: readonly [Passage, ...Passage[]]): CrashRow => ({ lock: 'held', passages });
const free = (...passages: readonly [Passage, ...Passage[]]): CrashRow => ({ lock: 'free', passages });

export const crashTable: Readonly<Record<CrashPoint, CrashRow>> = {
  'file:created': free({ scene: 'new file', most: 2 }),
  'database:in-wal-mode': free({ scene: 'new file', most: 2 }),
  'migration:begun': held({ scene: 'older file', most: 2 }, { scene: 'new file', most: 4 }),
  'migration:applied': held({ scene: 'older file', most: 1 }, { scene: 'new file', most: 3 }),
  'migration:recorded': held({ scene: 'older file', most: 1 }, { scene: 'new file', most: 3 }),
  'migration:committed': free({ scene: 'new file', most: 3 }, { scene: 'older file', most: 1 }),

  'ingester:between-inserts': held({ scene: 'recording' }),
  'client:before-commit': held({ scene: 'recording' }),
  'client:after-commit': free({ scene: 'recording' }),
  'ingester:before-journal': free({ scene: 'recording' }),

  'store:inside-claim': held({ scene: 'delivery' }),
  'store:after-claim': free({ scene: 'delivery' }),
  'store:inside-settle': held({ scene: 'delivery' }),
  'store:between-settle-and-claim': held({ scene: 'delivery' }),
  'store:after-settle': free({ scene: 'delivery' }),
  'relayer:before-send': free({ scene: 'delivery' }),
  'relayer:after-acceptance': free({ scene: 'delivery' }),
  'wal:before-checkpoint': free({ scene: 'quiet' }),
  'wal:after-checkpoint': free({ scene: 'quiet' }),
  'relayer:drained': free({ scene: 'stop', most: 1 }),

  'relayer:slot-taken': free({ scene: 'start', most: 1 }),
  'store:inside-take-over': held({ scene: 'start', most: 1 }, { scene: 'two dead', most: 2 }),
  'store:after-take-over': free({ scene: 'start', most: 1 }, { scene: 'two dead', most: 2 }),
  'relayer:dead-slot-locked': free({ scene: 'two dead', most: 1 }),
  'store:inside-resume': held({ scene: 'start', most: 1 }, { scene: 'long outage', most: 3 }),
  'store:after-resume': free({ scene: 'start', most: 1 }, { scene: 'long outage', most: 3 }),
  'store:inside-redrive': held({ scene: 'redrive', most: 3 }),
  'store:after-redrive': free({ scene: 'redrive', most: 3 }),

  'store:inside-discard': held({ scene: 'discard', most: 3 }),
  'store:after-discard': free({ scene: 'discard', most: 3 }),

  'store:inside-promote': held({ scene: 'overdue' }),
  'store:after-promote': free({ scene: 'overdue' }),
  'store:inside-recall': held({ scene: 'clock set back' }),
  'store:after-recall': free({ scene: 'clock set back' }),
  'store:inside-prune': held({ scene: 'old events' }),
  'store:after-prune': free({ scene: 'old events' }),

  'confirm:page-read': free({ scene: 'reading back' }),
  'store:inside-confirm': held({ scene: 'reading back' }),
  'store:after-confirm': free({ scene: 'reading back' }),
  'confirm:missing': free({ scene: 'reading back' }),
  'store:inside-resend': held({ scene: 'reading back' }),
  'store:after-resend': free({ scene: 'reading back' }),
  'store:inside-report': held({ scene: 'reading back' }),
  'store:after-report': free({ scene: 'reading back' }),

  'store:inside-hold': held({ scene: 'no endpoint' }),
  'store:after-hold': free({ scene: 'no endpoint' }),
  'store:inside-release': held({ scene: 'new business' }),
  'store:after-release': free({ scene: 'new business' }),
};
