// Reading back as it runs, against a real sandbox and a real database file; only time belongs to the test, the sandbox's
// too. Delivering is a plain post and a plain update: the relayer's loop has tests of its own.
import type Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import { gatewayName } from '../apps/outbox/convoy-url.ts';
import { Confirmer } from '../apps/relayer/confirm.ts';
import { type ConfirmParts, confirmTimings } from '../apps/relayer/confirm-options.ts';
import { type Sandbox, startSandbox } from '../scripts/sandbox/sandbox.ts';
import type { SandboxOptions } from '../scripts/sandbox/sandbox-options.ts';
import { FakeClock } from './fake-clock.ts';
import { tempDirectory, waitFor } from './helpers.ts';
import {
  type EventColumns,
  type EventRow,
  insertEvent,
  newDatabaseFile,
  openStore,
  plainConnection,
} from './outbox-database.ts';
import { MemoryLog } from './relayer-rig.ts';
import { acme, eventBody, post } from './sandbox-client.ts';

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;

export class ConfirmRig {
  readonly clock = new FakeClock();
  readonly log = new MemoryLog();
  readonly file = newDatabaseFile();
  readonly db: Database.Database = plainConnection(this.file);
  readonly ledgerFile = `${tempDirectory()}/ledger.jsonl`;
  sandbox: Sandbox;
  /** How often a request waited for a calm moment. */
  calmed = 0;
  resent = 0;

  constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
  }

  get gateway(): string {
    return gatewayName(this.sandbox.url, this.sandbox.projectId);
  }

  /** Appends events, with the ids `prefix` and a number. */
  append(count: number, prefix: string, columns: EventColumns = {}): string[] {
    const ids = Array.from({ length: count }, (_, n) => `${prefix}${n}`);
    for (const id of ids)
      insertEvent(this.db, { id, business_id: acme, created_at: isoText(this.clock.nowMs()), ...columns });
    return ids;
  }

  /** Hands every pending event to the sandbox, one a millisecond, and waits until it has stored what it stores. */
  async deliver(): Promise<void> {
    for (const row of this.rows().filter(({ status }) => status === 'pending')) {
      const key = row.id + row.key_suffix;
      const answer = await post(this.sandbox, eventBody(key, { owner_id: row.business_id }));
      if (answer.status !== 201) throw new Error(`HTTP ${answer.status}`);
      this.clock.stall(1);
      this.db
        .prepare(
          `UPDATE events SET status = 'processed', processed_at = ?, gateway = ?, last_error = NULL WHERE seq = ?`,
        )
        .run(isoText(this.clock.nowMs()), this.gateway, row.seq);
    }
    await waitFor('the sandbox has stored', () => this.sandbox.state().waitingToBeStored === 0);
  }

  rows(): EventRow[] {
    return this.db.prepare('SELECT * FROM events ORDER BY seq').all() as EventRow[];
  }

  row(id: string): EventRow {
    const row = this.rows().find((candidate) => candidate.id === id);
    if (row === undefined) throw new Error(`no event ${id}`);
    return row;
  }

  /** How many are confirmed, unconfirmed, and pending. */
  counts() {
    const rows = this.rows();
    const processed = rows.filter(({ status }) => status === 'processed');
    return {
      confirmed: processed.filter((row) => row.confirmed_at !== null).length,
      unconfirmed: processed.filter((row) => row.confirmed_at === null).length,
      pending: rows.filter(({ status }) => status === 'pending').length,
    };
  }

  /** What a newly started relayer would use. */
  async confirmer(change: Partial<ConfirmParts> = {}): Promise<Confirmer> {
    return new Confirmer(await this.parts(change));
  }

  /** What it is made of. */
  async parts(change: Partial<ConfirmParts> = {}): Promise<ConfirmParts> {
    const { sandbox } = this;
    return {
      store: await openStore(this.file, 1_000),
      access: {
        baseUrl: sandbox.url,
        projectId: sandbox.projectId,
        apiKey: sandbox.apiKey,
        timeoutMs: 2_000,
      },
      gateway: this.gateway,
      windowMs: 24 * hourMs,
      calm: async () => {
        this.calmed += 1;
      },
      onResent: () => {
        this.resent += 1;
      },
      clock: this.clock,
      log: this.log,
      signal: new AbortController().signal,
      timings: { ...confirmTimings, requestGapMs: 0, writeGapMs: 0, firstRetryMs: 0 },
      ...change,
    };
  }

  /** A sandbox with the memory of the last one, at the same address. */
  async restartSandbox(): Promise<void> {
    const { port } = this.sandbox;
    await this.sandbox.close();
    this.sandbox = await sandboxAt(this.clock, { ledgerFile: this.ledgerFile, port });
  }
}

function sandboxAt(clock: FakeClock, options: SandboxOptions): Promise<Sandbox> {
  return startSandbox({ storeDelayMs: 1, deliverDelayMs: 1, nowMs: () => clock.nowMs(), ...options });
}

export async function confirmRig(): Promise<ConfirmRig> {
  const rig = new ConfirmRig(await startSandbox());
  await rig.sandbox.close();
  rig.sandbox = await sandboxAt(rig.clock, { ledgerFile: rig.ledgerFile });
  onTestFinished(() => rig.sandbox.close());
  return rig;
}
