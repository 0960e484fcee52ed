// Ways to spoil the evidence of a run that held, each with the invariant that must notice.
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { arenaFiles } from '../scripts/chaos/evidence.ts';
import { readLedger } from '../scripts/sandbox/ledger-reader.ts';

export interface Tampering {
  /** Completes "is broken when". */
  readonly what: string;
  readonly invariant: string;
  /** Spoils the files in the folder. */
  readonly spoil: (folder: string) => void;
}

/** The place of an event that is no poison. */
const first = `(SELECT min(seq) FROM events WHERE status = 'processed')`;

function sql(what: string, invariant: string, statement: string): Tampering {
  return { what, invariant, spoil: (folder) => withDatabase(folder, (db) => db.exec(statement)) };
}

function recorded(what: string, invariant: string, line: unknown): Tampering {
  return { what, invariant, spoil: (folder) => addLine(folder, arenaFiles.record, line) };
}

export const tamperings: readonly Tampering[] = [
  {
    what: 'an acknowledged invoice is gone, together with its event',
    invariant: 'journalled-is-committed',
    spoil: (folder) => {
      const [id] = readFileSync(path.join(folder, arenaFiles.journal), 'utf8').split('\n');
      withDatabase(folder, (db) => {
        db.prepare('DELETE FROM invoices WHERE id = ?').run(id);
        db.prepare(`DELETE FROM events WHERE json_extract(payload, '$.data.id') = ?`).run(id);
      });
    },
  },
  {
    what: 'the ingester journals nothing',
    invariant: 'commits-are-journalled',
    spoil: (folder) => rmSync(path.join(folder, arenaFiles.journal)),
  },
  sql('an invoice has no event', 'one-event-per-invoice', `DELETE FROM events WHERE seq = ${first}`),
  sql(
    'an invoice has two events',
    'one-event-per-invoice',
    `INSERT INTO events (business_id, event_type, payload, status)
     SELECT business_id, event_type, payload, status FROM events WHERE seq = ${first}`,
  ),
  sql(
    'every event went dead, although each had been accepted',
    'committed-is-processed',
    `UPDATE events SET status = 'dead', last_error = 'HTTP 500'`,
  ),
  sql(
    'an event still waits',
    'committed-is-processed',
    `UPDATE events SET status = 'pending' WHERE seq = ${first}`,
  ),
  sql(
    'poison was let through',
    'poison-is-dead',
    `UPDATE events SET status = 'processed' WHERE status = 'dead'`,
  ),
  sql(
    'poison died without a reason',
    'poison-is-dead',
    `UPDATE events SET last_error = NULL WHERE status = 'dead'`,
  ),
  sql(
    'a lease is left',
    'no-lease-left',
    `UPDATE events SET status = 'pending', lease_id = '00:x:1' WHERE seq = ${first}`,
  ),
  {
    what: 'no stale settlement was refused',
    invariant: 'stale-settle-fenced',
    spoil: (folder) => {
      withDatabase(folder, (db) => db.exec(`DELETE FROM outbox_log WHERE kind = 'fenced'`));
      dropLines(folder, (line) => line.includes('"about":"fenced"'));
    },
  },
  sql(
    'an event has other bytes than were accepted',
    'same-bytes',
    `UPDATE events SET payload = json_set(payload, '$.data.amount_minor', 1) WHERE seq = ${first}`,
  ),
  {
    what: 'a key came with other bytes',
    invariant: 'same-bytes',
    spoil: (folder) => {
      const ledger = path.join(folder, arenaFiles.ledger);
      const { sha256 } = lastAccepted(folder);
      writeFileSync(ledger, readFileSync(ledger, 'utf8').replaceAll(sha256, 'f'.repeat(64)));
    },
  },
  {
    what: 'an event was accepted that nobody committed',
    invariant: 'accepted-is-committed',
    spoil: (folder) =>
      addLine(folder, arenaFiles.ledger, { ...lastAccepted(folder), key: 'rolled-back', nth: 1 }),
  },
  {
    what: 'an event was accepted for somebody else',
    invariant: 'accepted-is-committed',
    spoil: (folder) => {
      const ledger = path.join(folder, arenaFiles.ledger);
      const last = JSON.stringify(lastAccepted(folder));
      const changed = JSON.stringify({ ...lastAccepted(folder), owner: 'somebody else' });
      writeFileSync(ledger, readFileSync(ledger, 'utf8').replace(last, changed));
    },
  },
  {
    what: 'an event was sent again without any fault',
    invariant: 'repeats-are-explained',
    spoil: (folder) => {
      const last = lastAccepted(folder);
      addLine(folder, arenaFiles.ledger, { ...last, monotonicMs: last.monotonicMs + 5, nth: 2 });
    },
  },
  {
    what: 'the ledger knows nothing',
    invariant: 'committed-is-accepted',
    spoil: (folder) => rmSync(path.join(folder, arenaFiles.ledger)),
  },
  {
    what: 'too few processes were killed',
    invariant: 'trouble-was-made',
    spoil: (folder) => {
      const record = path.join(folder, arenaFiles.record);
      writeFileSync(record, readFileSync(record, 'utf8').replace(/"kills":\d+/, '"kills":8000'));
    },
  },
  recorded('relayers took over fewer events than a dead one had leased', 'taken-over-at-once', {
    ...{ kind: 'kill', target: 'relayer', name: 'relayer-1', pid: 4711, wasUp: true },
    estate: { slot: '00', held: [], leased: 1_000, leasedUntilMs: Number.MAX_SAFE_INTEGER },
    // Before all others, so that somebody has started since and lived.
    ...{ atMs: 0, fromMs: 0, toMs: 0 },
  }),
  recorded('after a healing something was left', 'drains-when-healed', {
    ...{ kind: 'healed', events: 5, left: 1, fromMs: 1, toMs: 2 },
  }),
  {
    what: 'the memory of a relayer grew',
    invariant: 'nothing-grows',
    spoil: (folder) => {
      for (let minute = 0; minute < 30; minute++) {
        const sample = {
          what: 'memory of relayer-1 (4711)',
          unit: 'bytes',
          value: (60 + 5 * minute) * 1_048_576,
        };
        addLine(folder, arenaFiles.record, { kind: 'samples', atMs: minute, samples: [sample] });
      }
    },
  },
  recorded('PM2 runs no relayer', 'one-of-each', { kind: 'supervision', missing: ['relayer'], strays: [] }),
  recorded('a second one runs', 'one-of-each', { kind: 'supervision', missing: [], strays: ['relayer'] }),
  recorded('something outlives the end', 'nothing-left-running', { kind: 'left running', processes: ['x'] }),
  recorded('a process ended by itself', 'ends-only-when-told', {
    kind: 'unasked exit',
    target: 'relayer',
    name: 'relayer-1',
    pid: 4711,
  }),
];

function withDatabase(folder: string, change: (db: Database.Database) => void): void {
  const db = new Database(path.join(folder, arenaFiles.database));
  try {
    change(db);
  } finally {
    db.close();
  }
}

/** The last acceptance: long after the last fault. */
function lastAccepted(folder: string) {
  const line = readLedger(path.join(folder, arenaFiles.ledger)).accepted.at(-1);
  if (line === undefined) throw new Error('nothing was accepted');
  return line;
}

/** From the record. */
function dropLines(folder: string, isDropped: (line: string) => boolean): void {
  const record = path.join(folder, arenaFiles.record);
  const lines = readFileSync(record, 'utf8').split('\n');
  writeFileSync(record, lines.filter((line) => !isDropped(line)).join('\n'));
}

function addLine(folder: string, file: string, line: unknown): void {
  appendFileSync(path.join(folder, file), `${JSON.stringify(line)}\n`);
}
