// The run's own record: every fault that chaos made, with its instants, in a file beside the other evidence. It is
// written at once, line by line; the verdict reads it back from there.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** The processes under trial. The second relayer runs beside PM2, while the first one sleeps or instead of it. */
export type Target = 'ingester' | 'relayer' | 'second relayer' | 'sandbox';

/** From just before to just after, in ms of CLOCK_MONOTONIC, as in the sandbox's ledger. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export type RecordLine =
  /** The first line: what was asked for. */
  | {
      readonly kind: 'run';
      readonly seed: number;
      readonly durationMs: number;
      readonly kills: number;
      readonly concurrency: number;
      readonly leaseMs: number;
      readonly requestTimeoutMs: number;
      readonly atMs: number;
    }
  /**
   * A SIGKILL. `wasUp`: the process had finished starting. `leased`: the events that a relayer left leased, null where that
   * cannot be told. `atMs` is epoch ms.
   */
  | ({
      readonly kind: 'kill';
      readonly target: Target;
      readonly pid: number;
      readonly wasUp: boolean;
      readonly leased: number | null;
      readonly atMs: number;
    } & Span)
  /** From SIGSTOP to SIGCONT. `events` were in flight; `fenced` settlements were refused afterwards. */
  | ({
      readonly kind: 'pause';
      readonly target: Target;
      readonly pid: number;
      readonly events: number;
      readonly fenced: number;
    } & Span)
  /** A process that ended although nobody had told it to. */
  | {
      readonly kind: 'unasked exit';
      readonly target: Target;
      readonly pid: number;
      readonly seenAtMs: number;
    }
  /** A scene that did not come about, and what it waited for in vain: no fault of the product, but worth knowing. */
  | { readonly kind: 'scene failed'; readonly waitedFor: string; readonly monotonicMs: number }
  /** A SIGTERM, which loses nothing and sends nothing twice. */
  | ({ readonly kind: 'stop'; readonly target: Target; readonly pid: number } & Span)
  /** While a second relayer was there. */
  | ({ readonly kind: 'second relayer' } & Span)
  /** The sandbox was told to show these faults. */
  | ({ readonly kind: 'faults'; readonly name: string } & Span)
  /** The sandbox answered again after a start, seen at this instant. */
  | { readonly kind: 'sandbox up'; readonly atMs: number; readonly monotonicMs: number }
  /** An event that can never be delivered. */
  | { readonly kind: 'poison'; readonly id: string; readonly what: string }
  /** After healing: what PM2 should keep running and does not, and what runs besides. */
  | { readonly kind: 'supervision'; readonly missing: readonly string[]; readonly strays: readonly string[] }
  /** After everything was stopped: processes that had to be killed. */
  | { readonly kind: 'left running'; readonly processes: readonly string[] };

export type RecordOf<Kind extends RecordLine['kind']> = Extract<RecordLine, { readonly kind: Kind }>;

/** An open record. */
export interface ChaosRecord {
  add(line: RecordLine): void;
  /** All lines so far of one kind. */
  of<Kind extends RecordLine['kind']>(kind: Kind): readonly RecordOf<Kind>[];
  close(): void;
}

/** Creates the file, which must not exist. */
export function createRecord(file: string): ChaosRecord {
  const descriptor = openSync(file, 'ax');
  const lines: RecordLine[] = [];
  return {
    add(line) {
      writeSync(descriptor, `${JSON.stringify(line)}\n`);
      lines.push(line);
    },
    of: (kind) => linesOf(lines, kind),
    close: () => closeSync(descriptor),
  };
}

/** Whether the run itself has ended this process, or told it to end. */
export function wasToldToEnd(record: ChaosRecord, pid: number): boolean {
  return [...record.of('kill'), ...record.of('stop')].some((line) => line.pid === pid);
}

/** Reads a record back. Throws when the file is missing or no record. */
export function readRecord(file: string): readonly RecordLine[] {
  const texts = readFileSync(file, 'utf8').split('\n');
  return texts.filter((text) => text !== '').map((text) => JSON.parse(text) as RecordLine);
}

/** The lines of one kind, in their order. */
export function linesOf<Kind extends RecordLine['kind']>(
  lines: readonly RecordLine[],
  kind: Kind,
): readonly RecordOf<Kind>[] {
  return lines.filter((line): line is RecordOf<Kind> => line.kind === kind);
}

/** CLOCK_MONOTONIC in ms: the same for all processes of this machine. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/** Does something and returns the span in which it was done. */
export function spanOf(work: () => void): Span {
  const fromMs = monotonicMs();
  work();
  return { fromMs, toMs: monotonicMs() };
}
