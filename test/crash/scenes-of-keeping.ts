// Scenes of what goes on beside delivering: promoting, deleting, reading back, holding; and of a database that has yet to be
// made or brought up to date.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { isoText } from '../../apps/outbox/clock.ts';
import { readMigrations } from '../../apps/outbox/migration-files.ts';
import { confirmTimings } from '../../apps/relayer/confirm-options.ts';
import { waitFor } from '../helpers.ts';
import { historyRow, historyTable } from '../migrate-rig.ts';
import { killRelayers } from './death.ts';
import { atLeast, comesUp, relayersFor, type Scene, untilStruck, untilStruckOr } from './scene.ts';
import type { Setting } from './setting.ts';
import type { World } from './world.ts';
import { addInvoices, allValues, everythingIsSent, isDone, write } from './world-data.ts';

const oneHour = 3_600_000;

const keeping: Setting = {
  flags: ['--owner-guard', 'no', '--confirm-window', '0', '--retention', '1h'],
  haste: true,
  isDone: `NOT EXISTS (SELECT 1 FROM events WHERE processed_at < '${isoText(Date.now() - oneHour)}')`,
};

/** A backlog behind which delayed events wait. */
const overdue: Scene = {
  setting: keeping,
  prepare: relayersFor,
  async provoke(world) {
    world.sandbox.faults.replace([{ kind: 'slow', delayMs: 100 }]);
    await addInvoices(world, 12, { available_at: 1 });
    await untilStruckOr(world, isDone(world));
  },
  mend: async (world) => world.sandbox.faults.replace(),
};

/** Events wait for an instant that was near by a clock since set back. */
const clockSetBack: Scene = {
  setting: keeping,
  prepare: relayersFor,
  async provoke(world) {
    const far = {
      available_at: Date.now() + 2 * oneHour,
      wait_reason: 'retry',
      attempts: 1,
      last_error: 'HTTP 503',
    };
    await addInvoices(world, 3, far);
    await untilStruckOr(world, isDone(world));
  },
};

/** Events past the retention, in three batches. Their invoices are long gone. */
const oldEvents: Scene = {
  setting: keeping,
  prepare: relayersFor,
  async provoke(world) {
    await write(world, (db) => {
      db.prepare(`
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 450)
        INSERT INTO events (id, business_id, event_type, payload, status, processed_at, gateway)
        SELECT 'old-' || lower(hex(randomblob(8))), 'b', 't', '{}', 'processed', '2020-01-01T00:00:00.000+00:00', 'g' FROM n`).run();
    });
    await untilStruckOr(world, isDone(world));
  },
};

const confirming: Setting = {
  flags: ['--owner-guard', 'no', '--retention', '0'],
  haste: true,
  isDone: `NOT EXISTS (SELECT 1 FROM events WHERE confirmed_at IS NULL AND last_error IS NULL)`,
};

/**
 * Accepted events grow so old that they should have been found, a moment from now. They keep their order: what is missing is
 * lost only if something later was stored. A pass under way may have closed that time without them: so they do it again and again.
 */
function ageAccepted(world: World): Promise<unknown> {
  return write(world, (db) => {
    const fromMs = Date.now() - confirmTimings.graceMs + 100;
    const open = db.prepare(`
      SELECT seq FROM events
       WHERE status = 'processed' AND confirmed_at IS NULL AND last_error IS NULL
       ORDER BY processed_at, seq`);
    const age = db.prepare('UPDATE events SET processed_at = ? WHERE seq = ?');
    for (const [place, seq] of open.pluck().all().entries()) age.run(isoText(fromMs + place), seq);
  });
}

/** Convoy stores some, loses some, and fails what has no endpoint. */
const readingBack: Scene = {
  setting: confirming,
  prepare: relayersFor,
  async provoke(world) {
    world.sandbox.faults.replace([{ kind: 'accepted-lost', remaining: 2 }]);
    await addInvoices(world, 2);
    await untilStruckOr(world, everythingIsSent);
    world.sandbox.faults.replace();
    await addInvoices(world, 2);
    await addInvoices(world, 1, { business_id: `nobody-${randomUUID()}` });
    await untilStruckOr(world, everythingIsSent);
    await waitFor('everything to be stored', () => world.sandbox.state().waitingToBeStored === 0);
    await untilStruckOr(world, isDone(world), ageAccepted);
  },
  // What was lost can be told from what is late only when something later was stored.
  async mend(world) {
    world.sandbox.faults.replace();
    await addInvoices(world, 1);
  },
  passTime: ageAccepted,
};

const guarding: Setting = { flags: ['--confirm-window', '0', '--retention', '0', '--owner-guard', 'yes'] };

/** Two invoices for a business that nobody has heard of. */
async function invoicesForStranger(world: World, hasEndpoint: boolean): Promise<void> {
  await atLeast(world, 1);
  const owner = `stranger-${randomUUID()}`;
  if (hasEndpoint) world.sandbox.endpointControls.add({ owner, name: owner });
  await addInvoices(world, 2, { business_id: owner });
  await untilStruckOr(world, everythingIsSent);
  // The answer to the question about it may be under way.
  await pause(30);
}

/** What is held comes up for its next look. */
function lookAgain(world: World): Promise<unknown> {
  return write(world, (db) => {
    db.prepare(
      `UPDATE events SET available_at = 1 WHERE wait_reason = 'endpoint' AND lease_id IS NULL`,
    ).run();
  });
}

/** Events of a business without an endpoint are held; then it gets one. */
const noEndpoint: Scene = {
  setting: guarding,
  isInARow: true,
  prepare: relayersFor,
  provoke: (world) => invoicesForStranger(world, false),
  async mend(world) {
    const known = new Set(world.sandbox.endpointControls.list().map(({ owner }) => owner));
    const owners = await allValues(world, `SELECT DISTINCT business_id FROM events`);
    for (const owner of owners.filter((one) => !known.has(one)))
      world.sandbox.endpointControls.add({ owner, name: owner });
    // Who was told that there is none would not ask again for half a minute.
    await killRelayers(world);
  },
  passTime: lookAgain,
};

/** The first events of a business wait for the answer that it has an endpoint. */
const newBusiness: Scene = {
  setting: guarding,
  prepare: relayersFor,
  provoke: (world) => invoicesForStranger(world, true),
  passTime: lookAgain,
};

const untouched: Setting = { flags: ['--owner-guard', 'no', '--confirm-window', '0'], isFileNew: true };

/** A relayer starts where no database is. */
const newFile: Scene = {
  setting: untouched,
  isInARow: true,
  prepare: async () => {},
  async provoke(world) {
    world.startRelayer();
    await untilStruck(world);
  },
  afterwards: comesUp,
};

/** A relayer starts on the database of an earlier release, which has work for it. */
const olderFile: Scene = {
  ...newFile,
  async prepare(world) {
    const applied = readMigrations().slice(0, -1);
    const db = new Database(world.file);
    db.pragma('journal_mode = WAL');
    const rows = applied.map(({ name, checksum }) => historyRow(name, checksum));
    db.exec([...applied.map(({ sql }) => sql), historyTable, ...rows].join(';\n'));
    db.close();
    await addInvoices(world, 3);
  },
};

export const scenesOfKeeping = {
  overdue,
  'clock set back': clockSetBack,
  'old events': oldEvents,
  'reading back': readingBack,
  'no endpoint': noEndpoint,
  'new business': newBusiness,
  'new file': newFile,
  'older file': olderFile,
} as const satisfies Readonly<Record<string, Scene>>;
