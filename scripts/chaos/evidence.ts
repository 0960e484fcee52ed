// Reads what a run left in its folder: the ingester's journal, the tables, the sandbox's ledger and the run's own
// record. It judges nothing, and it never looks at a log, since log lines are lost when a process dies.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type LedgerContent, readLedger } from '../sandbox/ledger-reader.ts';
import { postgresTables } from './postgres/tables.ts';
import { type RecordLine, readRecord } from './record.ts';
import { allReports, type Report } from './reports.ts';
import type { EventRow, RunTables } from './run-tables.ts';
import { sqliteTables } from './sqlite/tables.ts';

/** File names in the folder of a run. */
export const arenaFiles = {
  database: 'events.db',
  journal: 'journal.txt',
  ledger: 'ledger.jsonl',
  record: 'chaos.jsonl',
  /** What a server's tables held in the end. */
  tables: 'tables.json',
} as const;

/** A row, with a digest of what has to be sent. */
export interface EvidenceEvent extends Omit<EventRow, 'sent'> {
  /** SHA-256; null when the payload is no JSON. */
  readonly sha256: string | null;
}

export interface Evidence {
  /** Invoice ids whose COMMIT had returned. */
  readonly journal: ReadonlySet<string>;
  readonly invoices: ReadonlySet<string>;
  readonly events: ReadonlyMap<string, EvidenceEvent>;
  readonly ledger: LedgerContent;
  readonly record: readonly RecordLine[];
  /** Stale settlements that the relayers reported as refused. */
  readonly fencedEvents: number;
  /** When relayers came up, in order; epoch ms. */
  readonly relayerStarts: readonly { readonly atMs: number; readonly pid: number }[];
  /** When relayers took over the events of a dead one (epoch ms), by its slot, and how many. */
  readonly takeovers: readonly { readonly atMs: number; readonly slot: string; readonly events: number }[];
  /** What the database says of itself: `ok`, or what is wrong. */
  readonly integrity: string;
}

/** Reads all sources. Throws when one that every run leaves is missing or unreadable. */
export function readEvidence(folder: string): Evidence {
  const record = readRecord(path.join(folder, arenaFiles.record));
  const tables = tablesOf(folder);
  const reports = allReports(record, tables.reports);
  return {
    journal: readJournal(path.join(folder, arenaFiles.journal)),
    invoices: new Set(tables.invoices),
    events: new Map(tables.events.map((row) => [row.key, evidenceOf(row)])),
    ledger: readLedger(path.join(folder, arenaFiles.ledger)),
    record,
    fencedEvents: reports.reduce((sum, { about, detail }) => sum + fencedBy(about, detail), 0),
    relayerStarts: reports.flatMap(({ about, atMs, detail: { pid = 0 } }) =>
      about === 'relayer_started' ? [{ atMs, pid }] : [],
    ),
    takeovers: reports.flatMap(({ about, atMs, detail: { slot = '', events = 0 } }) =>
      about === 'taken_over' ? [{ atMs, slot, events }] : [],
    ),
    integrity: tables.integrity,
  };
}

/** A server's tables were written into a file before it was ended. */
function tablesOf(folder: string): RunTables {
  const file = path.join(folder, arenaFiles.tables);
  if (existsSync(file)) return postgresTables(readFileSync(file, 'utf8'));
  return sqliteTables(path.join(folder, arenaFiles.database));
}

function fencedBy(about: Report['about'], { events = 0 }: Report['detail']): number {
  return about === 'fenced' ? events : 0;
}

/** A line that a kill cut off is shorter than an id, and so no evidence. */
const wholeId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The invoice ids in a journal; a journal that was never begun is empty. */
export function readJournal(file: string): ReadonlySet<string> {
  if (!existsSync(file)) return new Set();
  const lines = readFileSync(file, 'utf8').split('\n');
  return new Set(lines.filter((line) => wholeId.test(line)));
}

function evidenceOf({ sent, ...row }: EventRow): EvidenceEvent {
  return { ...row, sha256: sent === null ? null : createHash('sha256').update(sent).digest('hex') };
}
