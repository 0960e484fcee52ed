// Every statement that runs while events pile up goes through an index on PostgreSQL too: its cost must not grow with the table. Each is
// planned as a relayer's connection plans it, for the values at hand and, from the sixth run on, for any.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keepingStatements } from '../../apps/outbox/postgres/keeping-statements.ts';
import { ownerStatements } from '../../apps/outbox/postgres/owners.ts';
import { recordStatements } from '../../apps/outbox/postgres/record.ts';
import { turnStatements } from '../../apps/outbox/postgres/turn-statements.ts';
import { createSchema, describeOnPostgres, postgresSchemaSql } from '../postgres-database.ts';
import { startMs } from '../store-contract-steps.ts';

const statements = { ...turnStatements, ...keepingStatements, ...ownerStatements, ...recordStatements };
type Name = keyof typeof statements;

/** Some hundred pages of each kind: what a relayer finds after a day, in small. */
const processed = Number(process.env.PROCESSED ?? 20_000);
const pending = Number(process.env.PENDING ?? 2_000);

const settlements = [startMs, "'{1,2,3}'", ...Array.from({ length: 9 }, () => "'{NULL,NULL,NULL}'")];
const claim = ["'00:x:9'", startMs + 30_000, startMs, "'{7,8}'", 32];

const hot = [
  { name: 'claim', values: claim, indexes: ['events_due', 'events_pkey'] },
  { name: 'settle', values: settlements, indexes: ['events_pkey'] },
  { name: 'settleAndClaim', values: [...settlements, ...claim], indexes: ['events_due', 'events_pkey'] },
  { name: 'nextDue', values: [startMs], indexes: ['events_due'] },
  {
    name: 'takeOver',
    values: [startMs, "'05:'", "'05;'", "'05'"],
    indexes: ['events_leased', 'events_pkey'],
  },
  {
    name: 'slotsWithLeases',
    values: ["'{00,01}'", "'{00:,01:}'", "'{00;,01;}'"],
    indexes: ['events_leased'],
  },
  { name: 'resume', values: [startMs, 500], indexes: ['events_pkey', 'events_waiting'] },
  { name: 'promote', values: [startMs, 500], indexes: ['events_due', 'events_pkey'] },
  { name: 'recall', values: [startMs, startMs + 10 ** 9, 500], indexes: ['events_due', 'events_pkey'] },
  {
    name: 'prune',
    values: [startMs, 500, 500, 500],
    indexes: ['events_confirmed', 'events_pkey', 'events_unconfirmed'],
  },
  {
    name: 'pruneWithRecord',
    values: [startMs, 500, 500, 500, 10_000],
    indexes: ['events_confirmed', 'events_pkey', 'events_unconfirmed', 'outbox_log_pkey'],
  },
  { name: 'wasAccepted', values: ["'b7'", "'g'"], indexes: ['events_business'] },
  {
    name: 'hold',
    values: ["'b7'", startMs, 500, startMs + 30_000, "'no'"],
    indexes: ['events_due', 'events_pkey', 'events_waiting'],
  },
  { name: 'release', values: ["'b7'", startMs, 500], indexes: ['events_pkey', 'events_waiting'] },
  { name: 'acceptedBy', values: ["'g'"], indexes: ['events_confirmed', 'events_unconfirmed'] },
  { name: 'lastLogged', values: ["'fenced'", "'{}'"], indexes: ['outbox_log_kind'] },
  { name: 'verifiedGateways', values: [], indexes: ['outbox_log_kind'] },
] as const satisfies readonly { name: Name; values: readonly unknown[]; indexes: readonly string[] }[];

describeOnPostgres('with many events done and many waiting,', () => {
  let schema: Awaited<ReturnType<typeof createSchema>>;
  beforeAll(async () => {
    schema = await createSchema();
    const { client } = schema;
    await client.query(`SET synchronous_commit = off; ${postgresSchemaSql()}`);
    await client.query(`
      INSERT INTO events (business_id, event_type, payload, status, processed_at, confirmed_at, gateway)
      SELECT 'b' || n % 50, 'invoice.created', '{}', 'processed', now(), CASE WHEN n % 3 > 0 THEN now() END, 'g'
        FROM generate_series(1, ${processed}) AS n`);
    // One in twenty each: leased, waiting for the gateway, for an endpoint, overdue, scheduled for later. The rest is fresh.
    await client.query(`
      INSERT INTO events (business_id, event_type, payload, available_at, lease_id, wait_reason)
      SELECT 'b' || n % 50, 'invoice.created', '{}',
             CASE n % 20 WHEN 4 THEN ${startMs - 1} WHEN 0 THEN ${startMs + 60_000} WHEN 1 THEN ${startMs + 60_000} WHEN 2 THEN ${startMs + 60_000} WHEN 3 THEN ${startMs + 2 * 10 ** 9} ELSE 0 END,
             CASE n % 20 WHEN 0 THEN '05:x:' || n % 7 END,
             CASE n % 20 WHEN 1 THEN 'gateway' WHEN 2 THEN 'endpoint' END
        FROM generate_series(1, ${pending}) AS n`);
    await client.query(
      `INSERT INTO outbox_log (kind) SELECT (ARRAY['redriven', 'gateway', 'dead', 'resent'])[1 + n % 4] FROM generate_series(1, 4000) AS n`,
    );
    await client.query('ANALYZE events, outbox_log');
    for (const [name, sql] of Object.entries(statements)) await client.query(`PREPARE "${name}" AS ${sql}`);
  });
  afterAll(() => schema.drop());

  interface Node {
    readonly 'Node Type': string;
    readonly 'Index Name'?: string;
    readonly 'Relation Name'?: string;
    readonly Plans?: readonly Node[];
  }

  function nodesOf(node: Node): readonly Node[] {
    return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
  }

  async function planOf(name: Name, values: readonly unknown[], mode: string): Promise<readonly Node[]> {
    const { client } = schema;
    await client.query(`SET plan_cache_mode = force_${mode}_plan`);
    const given = values.length === 0 ? '' : `(${values.join(', ')})`;
    if (process.env.SHOW) {
      const text = await client.query(`EXPLAIN EXECUTE "${name}"${given}`);
      console.log(name, mode, `\n${text.rows.map((row) => row['QUERY PLAN']).join('\n')}`);
    }
    const { rows } = await client.query(`EXPLAIN (FORMAT JSON) EXECUTE "${name}"${given}`);
    return nodesOf(rows[0]['QUERY PLAN'][0].Plan);
  }

  describeEach('custom');
  describeEach('generic');

  function describeEach(mode: string) {
    test.each(hot)(`$name goes through its indexes (${mode} plan)`, async ({ name, values, indexes }) => {
      const nodes = await planOf(name, values, mode);
      const used = nodes.flatMap((node) => node['Index Name'] ?? []);
      expect([...new Set(used)].sort()).toEqual(indexes);
      const walked = nodes.filter(
        (node) => node['Node Type'] === 'Seq Scan' && node['Relation Name'] === 'events',
      );
      expect(walked).toEqual([]);
    });
  }
});
