// What a benchmark asks of an outbox on PostgreSQL: one statement each, and how the server and both sides are set.
import type { PostgresConnection } from '../../apps/outbox/postgres/connection.ts';
import { versionOf } from './machine.ts';
import type { Stock, StockAbout } from './stock.ts';

type Looks = Pick<Stock, 'pendingIn' | 'processedIn' | 'processedTimes' | 'leftIn' | 'claimedKeys'>;

/** The schema that a copy's URL names. */
export function schemaOf(copy: string): string {
  return new URL(copy).searchParams.get('schema') ?? 'public';
}

export function looksAtPostgres(connection: PostgresConnection): Looks {
  const count = async (copy: string, where: string) => {
    const [row] = await connection.query<{ n: number }>(
      `SELECT count(*) AS n FROM ${schemaOf(copy)}.events WHERE ${where}`,
    );
    return row?.n ?? Number.NaN;
  };
  return {
    pendingIn: (copy) => async () => {
      const rows = await connection.query(
        `SELECT 1 FROM ${schemaOf(copy)}.events WHERE status = 'pending' AND available_at < $1 LIMIT 1`,
        [Date.now() + 3_600_000],
      );
      return rows.length > 0;
    },
    processedIn: (copy) => count(copy, `status = 'processed'`),
    async processedTimes(copy, limit) {
      const rows = await connection.query<{ id: string; at: Date }>(
        `SELECT id, processed_at AS at FROM ${schemaOf(copy)}.events WHERE processed_at IS NOT NULL ORDER BY seq DESC LIMIT $1`,
        [limit],
      );
      return new Map(rows.map(({ id, at }) => [id, at.getTime()]));
    },
    async leftIn(copy) {
      return {
        waiting: await count(copy, `status = 'pending' AND lease_id IS NULL`),
        claimed: await count(copy, `status = 'pending' AND lease_id IS NOT NULL`),
      };
    },
    async claimedKeys(copy) {
      const rows = await connection.query<{ key: string }>(
        `SELECT id || key_suffix AS key FROM ${schemaOf(copy)}.events WHERE status = 'pending' AND lease_id IS NOT NULL`,
      );
      return rows.map(({ key }) => key);
    },
  };
}

export async function aboutPostgres(connection: PostgresConnection): Promise<StockAbout> {
  const names = ['fsync', 'synchronous_commit', 'shared_buffers', 'max_wal_size'];
  const rows = await connection.query<{ name: string; value: string }>(
    `SELECT name, current_setting(name) AS value FROM pg_settings WHERE name = ANY ($1)`,
    [['server_version', ...names]],
  );
  const settingOf = new Map(rows.map(({ name, value }) => [name, value]));
  const settings = names.filter((name) => name !== 'synchronous_commit');
  return {
    versions: { postgres: (settingOf.get('server_version') ?? '').split(' ')[0] ?? '', pg: versionOf('pg') },
    pragmas: {
      server: settings.map((name) => `${name}=${settingOf.get(name)}`).join(' '),
      relayer: 'synchronous_commit=off',
      writer: 'synchronous_commit=on',
    },
  };
}
