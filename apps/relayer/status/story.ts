// What the operator's record tells, put together: which relayers there are and how often they started, what each start followed, and
// when the gateway was closed. A pure reading of lines; it asks nobody.
import type { NumberedRecord } from '../../outbox/live-verbs.ts';

export interface RelayerLife {
  readonly slot: string;
  readonly pid: number | null;
  readonly startedAtMs: number;
  /** When it ended by itself; null while it runs, or when it died. */
  readonly stoppedAtMs: number | null;
  /** Starts in this slot, as far back as the record is read. */
  readonly starts: number;
}

/** What a start came after: nothing known, a stop, or a death. */
export type Cause = 'first' | 'stop' | 'death';

export interface Start {
  readonly id: number;
  readonly slot: string;
  readonly pid: number | null;
  readonly atMs: number;
  readonly cause: Cause;
  /** Events that the dead one held, whoever took them over. */
  readonly tookOver: number;
}

export interface Pause {
  readonly fromMs: number;
  /** Null while it lasts. */
  readonly toMs: number | null;
  readonly reason: string;
}

export interface Story {
  /** By slot. */
  readonly relayers: readonly RelayerLife[];
  /** Oldest first. */
  readonly starts: readonly Start[];
  /** Oldest first. */
  readonly pauses: readonly Pause[];
}

/** Reads lines of the record, oldest first. */
export function storyOf(record: readonly NumberedRecord[]): Story {
  const lives = new Map<string, RelayerLife>();
  /** Events taken over from each slot since its last start. */
  const orphans = new Map<string, number>();
  const starts: Start[] = [];
  const pauses: Pause[] = [];
  for (const line of record) {
    switch (line.kind) {
      case 'relayer_started': {
        const { slot, pid, atMs } = holderOf(line);
        const tookOver = orphans.get(slot) ?? 0;
        orphans.delete(slot);
        starts.push({ id: line.id, slot, pid, atMs, cause: causeOf(lives.get(slot)), tookOver });
        const before = lives.get(slot)?.starts ?? 0;
        lives.set(slot, { slot, pid, startedAtMs: atMs, stoppedAtMs: null, starts: before + 1 });
        // It begins with an open gateway: a pause that its predecessor was in is over, or begins anew.
        // A start is recorded once its first events are out: a pause that they met is its own.
        if ((pauses.at(-1)?.fromMs ?? 0) < atMs) endPause(pauses, atMs);
        break;
      }
      case 'taken_over': {
        const { slot } = holderOf(line);
        orphans.set(slot, (orphans.get(slot) ?? 0) + Number(line.detail.events ?? 0));
        break;
      }
      case 'relayer_stopped': {
        const life = lives.get(holderOf(line).slot);
        if (life !== undefined) lives.set(life.slot, { ...life, stoppedAtMs: line.atMs });
        break;
      }
      case 'gateway':
        if (textOf(line, 'state') !== 'paused') endPause(pauses, line.atMs);
        else if (pauses.at(-1)?.toMs !== null || pauses.length === 0) {
          pauses.push({ fromMs: line.atMs, toMs: null, reason: textOf(line, 'reason') });
        }
        break;
      default:
    }
  }
  const relayers = [...lives.values()].toSorted((a, b) => (a.slot < b.slot ? -1 : 1));
  return { relayers, starts, pauses };
}

function holderOf(line: NumberedRecord) {
  const { pid } = line.detail;
  return { slot: textOf(line, 'slot'), pid: typeof pid === 'number' ? pid : null, atMs: line.atMs };
}

function causeOf(before: RelayerLife | undefined): Cause {
  if (before === undefined) return 'first';
  return before.stoppedAtMs === null ? 'death' : 'stop';
}

function endPause(pauses: Pause[], toMs: number): void {
  const last = pauses.at(-1);
  if (last !== undefined && last.toMs === null) pauses[pauses.length - 1] = { ...last, toMs };
}

function textOf(line: NumberedRecord, member: string): string {
  const value = line.detail[member];
  return typeof value === 'string' ? value : '';
}
