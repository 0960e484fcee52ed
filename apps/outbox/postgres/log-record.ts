// A line of the record as PostgreSQL holds it, for those who show it.
import type { LogRecord } from '../overview-verbs.ts';
import { recordDetail } from '../record-detail.ts';
import { epochMs, type Instant } from './instant.ts';

/** A row of `outbox_log`. */
export interface RecordRow {
  readonly kind: LogRecord['kind'];
  readonly at: Instant;
  readonly event_seq: number | null;
  readonly detail: string;
}

/** The record in a row. */
export function logRecord(row: RecordRow): LogRecord {
  return { kind: row.kind, atMs: epochMs(row.at), eventSeq: row.event_seq, detail: recordDetail(row.detail) };
}
