// A process of a world, and what it says of itself: a relayer's log, one JSON object a line. It starts and ends nothing.
import { monotonicMs, type RecordOf, type Target, type Who } from '../../scripts/chaos/record.ts';
import type { SpawnedNode } from '../helpers.ts';

export interface Runner {
  readonly node: SpawnedNode;
  /** `command`: one of the operator's, which ends by itself. */
  readonly target: 'relayer' | 'ingester' | 'command';
  /** It was told to end, by whatever means. */
  isToldToEnd: boolean;
  isStopped: boolean;
  /** So many of its give-ups are in the record. */
  giveUpsNoted: number;
}

/** The process as the record names it. */
export function whoIs({ node }: Pick<Runner, 'node'>, target: Target): Who {
  return { target, name: target, pid: node.pid };
}

/** Whether the process has not ended. */
export function isAlive({ node: { child } }: Runner): boolean {
  return child.exitCode === null && child.signalCode === null;
}

interface Line {
  readonly message: string;
  readonly timestamp: string;
  readonly [field: string]: unknown;
}

/** The slot of a relayer that has come up; null before. */
export function slotOf(stdout: string): string | null {
  const started = linesOf(stdout, '"relayer started"')[0];
  return started === undefined ? null : String(started.slot);
}

/** What a relayer said of events that had no answer in time: each time it gave up waiting for one. */
export function giveUpsIn(stdout: string): readonly RecordOf<'gave up'>[] {
  const epochMs = Date.now() - monotonicMs();
  const aboutEvents = linesOf(stdout, '"no answer within ').filter(({ event }) => event !== undefined);
  return aboutEvents.map(({ event, took_ms: tookMs, timestamp }) => ({
    kind: 'gave up',
    key: String(event),
    tookMs: Number(tookMs),
    monotonicMs: Date.parse(timestamp) - epochMs,
  }));
}

/** The lines with these words. A last one that was cut off by a kill says nothing. */
function linesOf(stdout: string, words: string): readonly Line[] {
  const whole = stdout.slice(0, stdout.lastIndexOf('\n') + 1).split('\n');
  return whole.filter((text) => text.includes(words)).map((text) => JSON.parse(text) as Line);
}
