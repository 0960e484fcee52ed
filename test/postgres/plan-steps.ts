// The plan of a statement on PostgreSQL as a list of its steps. It judges none.
import type pg from 'pg';
import type { Bound } from '../../apps/outbox/postgres/listing-statements.ts';

/** A node of a plan. */
export interface Step {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly Step[];
}

/** What PostgreSQL would do with these values, without doing it; under `plan_cache_mode`, as it would after many times. */
export async function stepsOf(client: pg.Client, { statement, values }: Bound): Promise<readonly Step[]> {
  await client.query(`PREPARE question AS ${statement}`);
  const given = values.length === 0 ? '' : `(${values.map((value) => literal(client, value)).join(', ')})`;
  const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Step }] }>(
    `EXPLAIN (FORMAT JSON) EXECUTE question${given}`,
  );
  await client.query('DEALLOCATE question');
  return rows.flatMap((row) => flat(row['QUERY PLAN'][0].Plan));
}

function literal(client: pg.Client, value: unknown): string {
  if (!Array.isArray(value)) return client.escapeLiteral(String(value));
  const items = value.map((item) => (item === null ? 'NULL' : JSON.stringify(String(item))));
  return client.escapeLiteral(`{${items.join(',')}}`);
}

function flat(step: Step): readonly Step[] {
  return [step, ...(step.Plans ?? []).flatMap(flat)];
}
