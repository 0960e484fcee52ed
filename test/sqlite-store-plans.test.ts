// Every statement that runs while events pile up goes through an index: its cost must not grow with the table.

import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareAudit } from '../apps/outbox/sqlite/audit.ts';
import { prepare } from '../apps/outbox/sqlite/confirm.ts';
import { prepareOperator } from '../apps/outbox/sqlite/operator.ts';
import { prepareOverview } from '../apps/outbox/sqlite/overview.ts';
import { prepareOwners } from '../apps/outbox/sqlite/owners.ts';
import { prepareRecall } from '../apps/outbox/sqlite/recall.ts';
import { prepareStatements } from '../apps/outbox/sqlite/statements.ts';
import { turnStatements } from '../apps/outbox/sqlite/turn-statements.ts';
import { schemaSql } from './outbox-database.ts';

let db: Database.Database;
type Statements = ReturnType<typeof allStatements>;

/** Two of its names are taken by what counts. */
function auditStatements(connection: Database.Database) {
  const { acceptedConfirmed, acceptedUnconfirmed, known } = prepareAudit(connection);
  return { auditConfirmed: acceptedConfirmed, auditUnconfirmed: acceptedUnconfirmed, known };
}

const allStatements = (connection: Database.Database) => ({
  ...prepare(connection),
  ...prepareOperator(connection),
  ...auditStatements(connection),
  ...prepareOverview(connection),
  ...prepareOwners(connection),
  ...prepareRecall(connection),
  ...prepareStatements(connection),
  ...turnStatements(connection),
});

let statements: Statements;

beforeAll(() => {
  db = new Database(':memory:');
  db.exec(schemaSql());
  statements = allStatements(db);
});
afterAll(() => void db.close());

/** What SQLite would do, one line a step, without the look at the list of excepted rows. */
function planOf(name: keyof Statements): string[] {
  const sql = statements[name].source;
  const named = Object.fromEntries(
    [...sql.matchAll(/:([a-zA-Z]+)/g)].map(([, parameter]) => [parameter, null]),
  );
  const positional = Array.from({ length: sql.split('?').length - 1 }, () => null);
  const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...positional, named) as { detail: string }[];
  return steps.map((step) => step.detail).filter((detail) => !detail.includes('json_each'));
}

test.each([
  { name: 'anyDue', index: 'events_due' },
  { name: 'claim', index: 'events_due' },
  { name: 'nextDue', index: 'events_due' },
  { name: 'takeOver', index: 'events_leased' },
  { name: 'giveBack', index: 'events_leased' },
  { name: 'anyLeaseIn', index: 'events_leased' },
  { name: 'resume', index: 'events_waiting' },
  { name: 'anyOverdue', index: 'events_due' },
  { name: 'promote', index: 'events_due' },
  { name: 'processed', index: 'events_leased' },
  { name: 'stranded', index: 'events_due' },
  { name: 'prunableConfirmed', index: 'events_confirmed' },
  { name: 'prunableUnconfirmed', index: 'events_unconfirmed' },
  { name: 'pruneConfirmed', index: 'events_confirmed' },
  { name: 'pruneUnconfirmed', index: 'events_unconfirmed' },
  { name: 'acceptedBy', index: 'events_confirmed' },
  { name: 'acceptedBy', index: 'events_unconfirmed' },
  { name: 'unconfirmed', index: 'events_unconfirmed' },
  { name: 'find', index: 'events_id' },
  { name: 'isId', index: 'events_id' },
  { name: 'wasAccepted', index: 'events_business' },
  { name: 'holdHeld', index: 'events_waiting' },
  { name: 'holdDue', index: 'events_due' },
  { name: 'release', index: 'events_waiting' },
  { name: 'pending', index: 'events_due' },
  { name: 'due', index: 'events_due' },
  { name: 'oldestPending', index: 'events_due' },
  { name: 'waiting', index: 'events_due' },
  { name: 'leased', index: 'events_leased' },
  { name: 'leasedBySlot', index: 'events_leased' },
  { name: 'confirmed', index: 'events_confirmed' },
  { name: 'unconfirmedTotal', index: 'events_unconfirmed' },
  { name: 'acceptedConfirmed', index: 'events_confirmed' },
  { name: 'acceptedUnconfirmed', index: 'events_unconfirmed' },
  { name: 'auditConfirmed', index: 'events_confirmed' },
  { name: 'auditUnconfirmed', index: 'events_unconfirmed' },
  { name: 'known', index: 'events_id' },
  { name: 'deadTotal', index: 'events_dead' },
  { name: 'deadByReason', index: 'events_dead' },
  { name: 'created', index: 'events_created' },
  { name: 'records', index: 'outbox_log_kind' },
  { name: 'lastLogged', index: 'outbox_log_kind' },
  { name: 'verifiedGateways', index: 'outbox_log_kind' },
] as const)('$name goes through $index', ({ name, index }) => {
  const plan = planOf(name);
  expect(plan.join('\n')).toMatch(new RegExp(`USING (COVERING )?INDEX ${index}\\b`));
  expect(plan.filter((step) => /^SCAN (events|outbox_log)(?! USING)/.test(step))).toEqual([]);
});

test.each([
  'retry',
  'dead',
  'released',
  'confirm',
  'resend',
  'report',
  'redrivable',
  'redrive',
  'discard',
] as const)('%s finds its row by its key', (name) => {
  expect(planOf(name)).toEqual(['SEARCH events USING INTEGER PRIMARY KEY (rowid=?)']);
});

const unsorted = ['claim', 'resume', 'promote', 'pruneConfirmed', 'pruneUnconfirmed', 'unconfirmed'] as const;

test.each(unsorted)('%s sorts nothing', (name) => {
  expect(planOf(name).filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
});
