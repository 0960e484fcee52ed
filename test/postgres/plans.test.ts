// Every statement that runs while events pile up goes through an index on PostgreSQL too: its cost must not grow with the table. Each is
// planned both ways in which a connection may plan it: for the values at hand, and once for all values.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keepingStatements } from '../../apps/outbox/postgres/keeping-statements.ts';
import { ownerStatements } from '../../apps/outbox/postgres/owners.ts';
import { recordStatements } from '../../apps/outbox/postgres/record.ts';
import { turnStatements } from '../../apps/outbox/postgres/turn-statements.ts';
import { createSchema, describeOnPostgres, postgresSchemaSql } from '../postgres-database.ts';
import { startMs } from '../store-contract-steps.ts';

const statements = { ...turnStatements, ...keepingStatements, ...ownerStatements, ...recordStatements };
type Name = keyof typeof statements;

const laterMs = startMs + 60_000;

/** In small what a relayer finds after weeks, enough for the planner to shun the whole table: SQL for what is not a default. */
const kinds = [
  { events: 7_000, status: `'processed'`, processed_at: 'now()', confirmed_at: 'now()', gateway: `'g'` },
  { events: 3_000, status: `'processed'`, processed_at: 'now()', gateway: `'g'` },
  { events: 1_500 },
  { events: 100, available_at: laterMs },
  { events: 100, available_at: laterMs, wait_reason: `'gateway'` },
  { events: 100, available_at: laterMs, wait_reason: `'endpoint'` },
  { events: 100, available_at: startMs - 1, wait_reason: `'retry'` },
  { events: 20, available_at: laterMs, lease_id: `'05:x:' || n` },
] as const;

const settlements = [startMs, "'{1,2,3}'", ...Array.from({ length: 9 }, () => "'{NULL,NULL,NULL}'")];
const claim = ["'00:x:9'", laterMs, startMs, "'{7,8}'", 32];
const prune = [startMs, 500, 500, 500];
const processedIndexes = ['events_confirmed', 'events_pkey', 'events_unconfirmed'];

const hot: readonly { name: Name; values: readonly unknown[]; indexes: readonly string[] }[] = [
  { name: 'claim', values: claim, indexes: ['events_due', 'events_pkey'] },
  { name: 'settle', values: settlements, indexes: ['events_pkey'] },
  { name: 'settleAndClaim', values: [...settlements, ...claim], indexes: ['events_due', 'events_pkey'] },
  { name: 'nextDue', values: [startMs], indexes: ['events_due'] },
  {
    name: 'takeOver',
    values: [startMs, "'05:'", "'05;'", "'05'", "'05:me:'", "'05:me;'"],
    indexes: ['events_leased', 'events_pkey'],
  },
  { name: 'giveBack', values: ["'{05:me:1}'"], indexes: ['events_leased', 'events_pkey'] },
  { name: 'slotsWithLeases', values: ["'{00}'", "'{00:}'", "'{00;}'"], indexes: ['events_leased'] },
  { name: 'resume', values: [startMs, 500], indexes: ['events_pkey', 'events_waiting'] },
  { name: 'promote', values: [startMs, 500], indexes: ['events_due', 'events_pkey'] },
  { name: 'recall', values: [startMs, startMs + 10 ** 9, 500], indexes: ['events_due', 'events_pkey'] },
  { name: 'prune', values: prune, indexes: processedIndexes },
  { name: 'pruneWithRecord', values: [...prune, 10_000], indexes: [...processedIndexes, 'outbox_log_pkey'] },
  { name: 'wasAccepted', values: ["'b7'", "'g'"], indexes: ['events_business'] },
  {
    name: 'hold',
    values: ["'b7'", startMs, 500, laterMs + 1, "'no endpoint'"],
    indexes: ['events_due', 'events_pkey', 'events_waiting'],
  },
  { name: 'release', values: ["'b7'", startMs, 500], indexes: ['events_pkey', 'events_waiting'] },
  { name: 'acceptedBy', values: ["'g'"], indexes: ['events_confirmed', 'events_unconfirmed'] },
  { name: 'lastLogged', values: ["'gateway'", "'{}'"], indexes: ['outbox_log_kind'] },
  { name: 'verifiedGateways', values: [], indexes: ['outbox_log_kind'] },
];

interface Node {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly Node[];
}

function nodesOf(node: Node): readonly Node[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

describeOnPostgres('with many events done and many waiting,', () => {
  let schema: Awaited<ReturnType<typeof createSchema>>;

  beforeAll(async () => {
    schema = await createSchema();
    const { client } = schema;
    await client.query(`SET synchronous_commit = off; ${postgresSchemaSql()}`);
    for (const { events, ...columns } of kinds) {
      const row = { business_id: `'b' || n % 50`, event_type: `'x'`, payload: `'{}'`, ...columns };
      await client.query(
        `INSERT INTO events (${Object.keys(row)}) SELECT ${Object.values(row)} FROM generate_series(1, ${events}) AS n`,
      );
    }
    const kept = `ARRAY['redriven', 'gateway', 'dead', 'verified']`;
    await client.query(
      `INSERT INTO outbox_log (kind) SELECT (${kept})[1 + n % 4] FROM generate_series(1, 4000) AS n`,
    );
    for (const [name, sql] of Object.entries(statements)) await client.query(`PREPARE "${name}" AS ${sql}`);
  });
  afterAll(() => schema.drop());

  // The first for a table that grew faster than it was analyzed.
  describe.each(['before any statistics', 'with statistics'])('%s,', (when) => {
    beforeAll(async () => {
      if (when === 'with statistics') await schema.client.query('ANALYZE events, outbox_log');
    });

    const cases = ['custom', 'generic'].flatMap((mode) => hot.map((statement) => ({ mode, ...statement })));

    test.each(cases)(
      '$name goes through its indexes ($mode plan)',
      async ({ mode, name, values, indexes }) => {
        const { client } = schema;
        await client.query(`SET plan_cache_mode = force_${mode}_plan`);
        const given = values.length === 0 ? '' : `(${values.join(', ')})`;
        const { rows } = await client.query(`EXPLAIN (FORMAT JSON) EXECUTE "${name}"${given}`);
        const nodes = nodesOf(rows[0]['QUERY PLAN'][0].Plan);
        expect([...new Set(nodes.flatMap((node) => node['Index Name'] ?? []))].sort()).toEqual(indexes);
        const walked = nodes
          .filter((node) => node['Node Type'] === 'Seq Scan')
          .map((node) => node['Relation Name']);
        expect(walked).not.toContain('events');
      },
    );
  });
});
