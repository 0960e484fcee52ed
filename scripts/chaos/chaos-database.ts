// What a run asks of its database, whatever the engine: what the applications are told, how it comes and goes, what is asked of it, and
// which trouble it can make itself.
import type { Arena } from './arena.ts';
import type { Facts } from './facts.ts';
import type { Random } from './random.ts';
import type { Report } from './reports.ts';
import type { Stage } from './stage.ts';

export interface ChaosDatabase {
  readonly engine: 'sqlite' | 'postgres';
  /** What people are told at the beginning; null when there is nothing to tell. */
  readonly notice: string | null;
  /** DATABASE_URL of every process of the run. */
  url(file: Arena['file']): string;
  /** Makes it ready for the applications. Throws ERR_CHAOS_COULD_NOT_RUN. */
  begin(arena: Arena): Promise<void>;
  facts(arena: Arena, onReport: (report: Report) => void): Promise<Facts>;
  /** What it can do to those who use it. */
  readonly troubles: readonly DatabaseTrouble[];
  /** Its processes that are found by the run's folder, and are no application. */
  pids(): readonly number[];
  /** Leaves in the run's folder what a verdict needs. */
  leaveEvidence(arena: Arena): Promise<void>;
  /** Gives back what was taken elsewhere; every process of the folder has ended. */
  end(): Promise<void>;
}

/** An act of the database, with its weight among the others. */
export interface DatabaseTrouble {
  readonly name: string;
  readonly weight: number;
  readonly play: (stage: Stage, random: Random) => Promise<void>;
}
