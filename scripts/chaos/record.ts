// The run's own record: every fault that chaos made, with its instants, in a file beside the other evidence. It is
// written at once, line by line; the verdict reads it back from there.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** The applications under trial. Of the relayer several processes may run. */
export type Target = 'ingester' | 'relayer' | 'sandbox';

/** From just before to just after, in ms of CLOCK_MONOTONIC, as in the sandbox's ledger. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A process of the run. */
export interface Who {
  readonly target: Target;
  readonly name: string;
  readonly pid: number;
}

/** One thing that must not grow. */
export interface Sample {
  readonly what: string;
  readonly unit: 'bytes' | 'count';
  readonly value: number;
}

/** What a killed relayer left behind. */
export interface Estate {
  readonly slot: string;
  /** The events that it held just before its death or just after, by key: those that may be sent again. */
  readonly held: readonly string[];
  /** How many it still held when it was dead. */
  readonly leased: number;
  /** When the first of these leases ends by itself; epoch ms. */
  readonly leasedUntilMs: number;
}

export type RecordLine =
  /** The first line: what was asked for. */
  | {
      readonly kind: 'run';
      readonly seed: number;
      readonly durationMs: number;
      readonly kills: number;
      readonly relayers: number;
      readonly soak: boolean;
      readonly concurrency: number;
      readonly leaseMs: number;
      readonly requestTimeoutMs: number;
      readonly engine?: 'sqlite' | 'postgres';
      readonly atMs: number;
    }
  /** A process was seen for the first time; PM2 started it at `sinceMs` (epoch). `name` is PM2's, such as `relayer-1`, and passes to the next one. */
  | ({ readonly kind: 'process'; readonly sinceMs: number } & Who)
  /** A SIGKILL. `wasUp`: the process had finished starting. `atMs` is epoch ms. */
  | ({
      readonly kind: 'kill';
      readonly wasUp: boolean;
      /** What a relayer left; null for other processes, and for one that had not said yet which slot it took. */
      readonly estate: Estate | null;
      readonly atMs: number;
    } & Who &
      Span)
  /** From SIGSTOP to SIGCONT. A relayer held these events, by key; `fenced` settlements were refused afterwards. */
  | ({ readonly kind: 'pause'; readonly held: readonly string[]; readonly fenced: number } & Who & Span)
  /** A relayer's own word: it had waited so long for the answer to this event when it gave up, at this instant. */
  | {
      readonly kind: 'gave up';
      readonly key: string;
      readonly tookMs: number;
      readonly monotonicMs: number;
    }
  /** A process that ended although nobody had told it to. It had come up or not, was first seen at `fromMs`, and was gone at `toMs`. */
  | ({ readonly kind: 'unasked exit'; readonly wasUp?: boolean } & Who & Partial<Span>)
  /**
   * What was done to the database's server or to the way there, until it answered again. `isCrash`: what was committed without waiting for
   * the disk may be forgotten. `lostSessions`: so many relayers lost the session that shows that they live.
   */
  | ({
      readonly kind: 'database';
      readonly what: string;
      readonly isCrash: boolean;
      readonly lostSessions: number;
    } & Span)
  /** A scene that did not come about, and what it waited for in vain: no fault of the product, but worth knowing. */
  | { readonly kind: 'scene failed'; readonly waitedFor: string; readonly monotonicMs: number }
  /** A SIGTERM, which loses nothing and sends nothing twice. */
  | ({ readonly kind: 'stop' } & Who & Span)
  /** A SIGKILL of PM2's own process, which left these processes alone. */
  | ({ readonly kind: 'PM2 kill'; readonly pid: number; readonly left: readonly number[] } & Span)
  /** The command that started PM2 again, issued at this instant (epoch ms). */
  | ({ readonly kind: 'PM2 start'; readonly atMs: number } & Span)
  /** A storm, and how many were killed in it by everybody. */
  | ({ readonly kind: 'storm'; readonly kills: number } & Span)
  /** What a soak saw at one instant. */
  | { readonly kind: 'samples'; readonly atMs: number; readonly samples: readonly Sample[] }
  /** All faults were off, and `events` were pending at its beginning; `left` of them at its end. */
  | ({ readonly kind: 'healed'; readonly events: number; readonly left: number } & Span)
  /** The sandbox was told to show these faults. */
  | ({ readonly kind: 'faults'; readonly name: string } & Span)
  /** The sandbox answered again after a start, seen at this instant. */
  | { readonly kind: 'sandbox up'; readonly atMs: number; readonly monotonicMs: number }
  /** An event that can never be delivered. */
  | { readonly kind: 'poison'; readonly id: string; readonly what: string }
  /** What a relayer has written into outbox_log (`at` as epoch ms), with the line's id there. */
  | {
      readonly kind: 'report';
      readonly id: number;
      readonly about: 'relayer_started' | 'taken_over' | 'fenced';
      readonly atMs: number;
      readonly detail: { readonly pid?: number; readonly slot?: string; readonly events?: number };
    }
  /** After healing: what PM2 should keep running and does not, and what runs besides. */
  | { readonly kind: 'supervision'; readonly missing: readonly string[]; readonly strays: readonly string[] }
  /** After everything was stopped: processes that had to be killed. */
  | { readonly kind: 'left running'; readonly processes: readonly string[] };

export type RecordOf<Kind extends RecordLine['kind']> = Extract<RecordLine, { readonly kind: Kind }>;

/** An open record. */
export interface ChaosRecord {
  add(line: RecordLine): void;
  /** Somebody is about to end this process: the line that says so follows. */
  willEnd(pid: number): void;
  /** When that was last said (monotonic ms); undefined for never. */
  endingAtMs(pid: number): number | undefined;
  /** All lines so far of one kind. */
  of<Kind extends RecordLine['kind']>(kind: Kind): readonly RecordOf<Kind>[];
  close(): void;
}

/** Creates the file, which must not exist. */
export function createRecord(file: string): ChaosRecord {
  const descriptor = openSync(file, 'ax');
  const lines: RecordLine[] = [];
  const ending = new Map<number, number>();
  return {
    add(line) {
      writeSync(descriptor, `${JSON.stringify(line)}\n`);
      lines.push(line);
    },
    willEnd: (pid) => void ending.set(pid, monotonicMs()),
    endingAtMs: (pid) => ending.get(pid),
    of: (kind) => linesOf(lines, kind),
    close: () => closeSync(descriptor),
  };
}

/** Whether the run itself has ended the process that was first seen at `seenAtMs` (monotonic), or told it to end. */
export function wasToldToEnd(record: ChaosRecord, pid: number, seenAtMs: number): boolean {
  return (
    (record.endingAtMs(pid) ?? 0) >= seenAtMs ||
    [...record.of('kill'), ...record.of('stop')].some(
      (line) => line.pid === pid && line.fromMs >= seenAtMs,
    ) ||
    record.of('PM2 kill').some(({ left, fromMs }) => left.includes(pid) && fromMs >= seenAtMs)
  );
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
