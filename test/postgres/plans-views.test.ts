// What people, the live page and reading back ask of PostgreSQL goes through an index: its cost must not grow with the table. Each statement is
// planned twice on a filled table, for its values and for any (as a connection does that has asked it often).
import { expect, test, vi } from 'vitest';
import type { EventFilter } from '../../apps/outbox/listing-verbs.ts';
import { auditStatements } from '../../apps/outbox/postgres/audit.ts';
import { confirmStatements } from '../../apps/outbox/postgres/confirm-statements.ts';
import {
  type Bound,
  countStatement,
  fewStatement,
  listingStatements,
  listStatement,
} from '../../apps/outbox/postgres/listing-statements.ts';
import { liveStatements } from '../../apps/outbox/postgres/live-statements.ts';
import { operatorStatements } from '../../apps/outbox/postgres/operator.ts';
import { overviewStatements } from '../../apps/outbox/postgres/overview.ts';
import { describeOnPostgres, newOutbox } from '../postgres-database.ts';
import { stepsOf } from './plan-steps.ts';

// Two seconds of work for the server, and ten on a machine that is busy.
vi.setConfig({ testTimeout: 60_000 });

const nowMs = Date.UTC(2026, 0, 1, 12);
const minute = 60_000;
const gateway = 'https://a.test/api/v1/projects/p';

/** 20,000 events, one a second until now: nearly all accepted, the newest not yet; a few of every other kind, anywhere. */
const fillSql = `
  ALTER TABLE events SET UNLOGGED;
  INSERT INTO events (id, business_id, event_type, payload, status, created_at, processed_at, confirmed_at, available_at, lease_id,
                      wait_reason, gateway, last_error)
  SELECT 'e' || n, 'b' || n % 500, 'invoice.created', '{"text":"' || repeat('x', 200) || '"}', kind,
         at, CASE kind WHEN 'processed' THEN at + interval '1 s' END,
         CASE WHEN kind = 'processed' AND n < 19200 THEN at + interval '1 min' END,
         CASE WHEN kind <> 'pending' OR n % 10 > 1 THEN 0 ELSE ${nowMs} + n END,
         CASE WHEN kind = 'pending' AND n % 50 = 1 THEN '00:x:' || n END,
         CASE WHEN kind = 'pending' AND n % 10 = 0 THEN 'retry' END,
         CASE kind WHEN 'processed' THEN '${gateway}' END, CASE kind WHEN 'dead' THEN 'HTTP 400: no' END
    FROM (SELECT n, to_timestamp(${nowMs / 1_000} - 20000 + n) AS at,
                 CASE WHEN n > 19600 THEN 'pending' WHEN n % 200 = 0 THEN 'dead' WHEN n % 2000 = 1 THEN 'discarded' ELSE 'processed' END AS kind
            FROM generate_series(1, 20000) AS n) AS event;
  INSERT INTO outbox_log (kind, detail)
  SELECT CASE WHEN n % 100 = 0 THEN 'gateway' ELSE 'dead' END, '{}' FROM generate_series(1, 5000) AS n`;

interface Question extends Bound {
  readonly name: string;
  /** Every one of them is walked. */
  readonly indexes: readonly string[];
}

const ask = (name: string, bound: Bound, ...indexes: string[]): Question => ({ name, ...bound, indexes });
const list = (filter: EventFilter, order: 'newest' | 'oldest' = 'newest') =>
  listStatement({ filter, order, beyondSeq: null, limit: 20, nowMs }, fewStatement(filter.state) !== null);
const both = ['events_confirmed', 'events_unconfirmed'];
const lately = { createdFromMs: nowMs - 15 * minute };
const seqs = [7, 11, 13];

/** Counts nearly all rows: along the table as long as no VACUUM has passed, which other tests can hold up. */
const readsAll = ['counts'];

const questions: readonly Question[] = [
  ask(
    'glance',
    { statement: liveStatements.glance, values: [nowMs - 1_000, nowMs, nowMs - minute] },
    ...['events_due', 'events_leased', 'events_dead', 'events_pkey', ...both],
  ),
  ask('freshBetween', { statement: liveStatements.freshBetween, values: [19_650, 19_700] }),
  ask('countDelayed', { statement: liveStatements.countDelayed, values: [] }, 'events_due'),
  ask(
    'traffic',
    { statement: liveStatements.traffic, values: [nowMs - minute, nowMs] },
    ...['events_created', ...both],
  ),
  ask('acceptancesAround', { statement: liveStatements.acceptancesAround, values: [nowMs] }, ...both),
  ask('recordAfter', { statement: liveStatements.recordAfter, values: [4_990, 100] }, 'outbox_log_pkey'),
  ask('deadReasons', { statement: liveStatements.deadReasons, values: [] }, 'events_dead'),
  ask(
    'counts',
    { statement: overviewStatements.counts, values: [] },
    ...['events_due', 'events_leased', 'events_dead', 'events_unconfirmed'],
  ),
  ask(
    'now',
    { statement: overviewStatements.now, values: [nowMs, nowMs - minute] },
    ...['events_due', 'events_created', 'events_pkey', ...both],
  ),
  ask('waiting', { statement: overviewStatements.waiting, values: [nowMs] }, 'events_due'),
  ask('leasedBySlot', { statement: overviewStatements.leasedBySlot, values: [] }, 'events_leased'),
  ask('deadByReason', { statement: overviewStatements.deadByReason, values: [] }, 'events_dead'),
  ask('records', { statement: overviewStatements.records, values: ['gateway', 1] }, 'outbox_log_kind'),
  ask('find', { statement: listingStatements.find, values: ['e7~r2', 'e7', '~r2'] }, 'events_id'),
  ask('businesses', { statement: listingStatements.businesses, values: [100] }, 'events_business'),
  ask('list', list({}), 'events_pkey'),
  ask('list dead', list({ state: 'dead' }), 'events_dead'),
  ask('list leased', list({ state: 'leased' }), 'events_leased'),
  ask('list unconfirmed', list({ state: 'unconfirmed' }, 'oldest'), 'events_unconfirmed'),
  ask('few', { statement: fewStatement('unconfirmed') ?? '', values: [] }, 'events_unconfirmed'),
  ask('list pending', list({ state: 'pending' }, 'oldest'), 'events_due'),
  ask('list a business', list({ businessId: 'b77' })),
  ask('list the last minutes', list(lately, 'oldest'), 'events_created'),
  ask('count dead', countStatement({ filter: { state: 'dead', error: 'HTTP' }, nowMs }), 'events_dead'),
  ask('count a business', countStatement({ filter: { businessId: 'b77' }, nowMs }), 'events_business'),
  ask(
    'audit',
    { statement: auditStatements.confirmed, values: [gateway, nowMs - 200 * minute, 0, nowMs, 100] },
    'events_confirmed',
  ),
  ask(
    'known',
    {
      statement: auditStatements.known,
      values: [
        ['e7~r2', 'x'],
        ['e7', 'x'],
      ],
    },
    'events_id',
  ),
  ask(
    'unconfirmed',
    { statement: confirmStatements.unconfirmed, values: [gateway, nowMs - 60 * minute, 0, nowMs, 100] },
    'events_unconfirmed',
  ),
  ask(
    'keys read back',
    { statement: confirmStatements.find, values: [['e7', 'e9'], ['', '~r2'], gateway] },
    'events_id',
  ),
  ask('confirm', { statement: confirmStatements.confirm, values: [seqs, gateway, nowMs] }, 'events_pkey'),
  ask(
    'resend',
    { statement: confirmStatements.resend, values: [seqs, [0, 0, 0], gateway, nowMs] },
    'events_pkey',
  ),
  ask(
    'report',
    {
      statement: confirmStatements.report,
      values: [seqs, ['a', 'b', 'c'], ['{}', '{}', '{}'], gateway, nowMs],
    },
    'events_pkey',
  ),
  ask(
    'what was seen',
    {
      statement: operatorStatements.lock,
      values: [
        seqs,
        ['dead', 'dead', 'dead'],
        ['', '', ''],
        [null, null, null],
        ['dead', 'discarded', 'processed'],
      ],
    },
    'events_pkey',
  ),
  ask('ids', { statement: operatorStatements.ids, values: [['e7', 'e9']] }, 'events_id'),
  ask('redrive', { statement: operatorStatements.redrive, values: [seqs, ['', '', '']] }, 'events_pkey'),
  ask('discard', { statement: operatorStatements.discard, values: [seqs, 'why not'] }, 'events_pkey'),
  ask('prunable', { statement: operatorStatements.prunable, values: [nowMs - 320 * minute] }, ...both),
];

describeOnPostgres('plans on PostgreSQL', () => {
  test('whatever is asked of a filled table goes through its index and never along the table', async () => {
    const { client } = await newOutbox();
    await client.query(fillSql);
    await client.query('ANALYZE events, outbox_log');
    const problems: string[] = [];
    for (const mode of ['force_custom_plan', 'force_generic_plan']) {
      await client.query(`SET plan_cache_mode = ${mode}`);
      for (const { name, statement, values, indexes } of questions) {
        const steps = await stepsOf(client, { statement, values });
        const walked = steps.map((step) => step['Index Name']);
        const missed = indexes.filter((index) => !walked.includes(index));
        const scans = steps
          .filter((step) => step['Node Type'] === 'Seq Scan')
          .map((step) => step['Relation Name']);
        if (missed.length > 0) problems.push(`${mode}: ${name} does not walk ${missed.join(', ')}`);
        if (scans.length > 0 && !readsAll.includes(name))
          problems.push(`${mode}: ${name} reads all of ${scans.join(', ')}`);
      }
    }
    expect(problems).toEqual([]);
  });
});
