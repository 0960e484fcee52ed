// The real thing that the model is held against: a database file, a writer's connection, and one store on a connection
// of its own per relayer slot. Stores are opened when they are first needed, and closed and opened again on demand.
import { copyFileSync, rmSync } from 'node:fs';
import type Database from 'better-sqlite3';
import DatabaseConnection from 'better-sqlite3';
import { leaseIds } from '../../apps/outbox/lease-id.ts';
import { openDatabase } from '../../apps/outbox/sqlite/connection.ts';
import { sqliteStore } from '../../apps/outbox/sqlite/store.ts';
import type { OutboxStore } from '../../apps/outbox/store.ts';
import { type EventRow, insertEvent } from '../outbox-database.ts';

/** One relayer process: what it dies with is its store's connection, its lease ids and its memory. */
export interface Holder {
  readonly store: OutboxStore;
  readonly nextLeaseId: () => string;
  /** What it claimed and has not settled. */
  readonly inFlight: Set<number>;
}

export class StoreWorld {
  readonly #file: string;
  readonly #writer: Database.Database;
  readonly #rows: Database.Statement;
  readonly #row: Database.Statement;
  readonly #holders = new Map<string, Holder>();
  #processes = 0;

  /** A world on a copy of `template`, a database with the schema and no events. */
  constructor(file: string, template: string) {
    copyFileSync(template, file);
    this.#file = file;
    this.#writer = new DatabaseConnection(file, { timeout: 1_000 });
    // No power is cut here; the writer closes last, and would otherwise wait for the disk once per case.
    this.#writer.pragma('synchronous = OFF');
    this.#rows = this.#writer.prepare('SELECT * FROM events ORDER BY seq');
    this.#row = this.#writer.prepare('SELECT * FROM events WHERE seq = ?');
  }

  append(): number {
    return insertEvent(this.#writer);
  }

  /** The relayer of a slot, started if there is none. */
  async holder(slot: string): Promise<Holder> {
    const running = this.#holders.get(slot);
    if (running !== undefined) return running;
    this.#processes += 1;
    const db = await openDatabase(this.#file, {
      synchronous: 'NORMAL',
      busyTimeoutMs: 1_000,
      autocheckpointPages: 0,
    });
    const nextLeaseId = leaseIds({ slot, token: `process${this.#processes}` });
    const holder = { store: sqliteStore(db), nextLeaseId, inFlight: new Set<number>() };
    this.#holders.set(slot, holder);
    return holder;
  }

  /** The relayer of a slot dies; its leases stay. The next use of the slot is another process. */
  async kill(slot: string): Promise<void> {
    await this.#holders.get(slot)?.store.close();
    this.#holders.delete(slot);
  }

  rows(): readonly EventRow[] {
    return this.#rows.all() as EventRow[];
  }

  row(seq: number): EventRow {
    return this.#row.get(seq) as EventRow;
  }

  async remove(): Promise<void> {
    for (const slot of [...this.#holders.keys()]) await this.kill(slot);
    this.#writer.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${this.#file}${suffix}`, { force: true });
  }
}
