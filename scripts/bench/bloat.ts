// What is left of events that have come and gone: the size of the table and of its indexes while events are appended, processed, read back
// and deleted for minutes, on a server that vacuums by itself.
import { prepareDatabase } from '../../apps/outbox/migrate.ts';
import { connectPostgres, type PostgresConnection } from '../../apps/outbox/postgres/connection.ts';
import type { Bench } from './bench.ts';
import { type BloatLook, bloatMeasures } from './bloat-figures.ts';
import { liveThrough, type Passed } from './bloat-life.ts';
import { lookAtIndexes, lookAtTable } from './bloat-look.ts';
import { type Measure, mustBe } from './measure.ts';
import { monotonicMs } from './monotonic.ts';
import { startOwnPostgres } from './own-postgres.ts';
import { workOf } from './pace.ts';
import { pause } from './patience.ts';

/** So often in a run the server is asked; and an event is kept for as long as lies between two of these. */
const looks = 10;

/** The part of a run of `bench`. Once, however many runs there are. */
export async function bloat(bench: Bench): Promise<readonly Measure[]> {
  const server = await startOwnPostgres(bench.ground);
  try {
    await prepareDatabase(server.url);
    const connection = connectPostgres({
      ...{ url: server.url, synchronousCommit: 'off', applicationName: 'outbox-bench', connections: 8 },
      statementTimeoutMs: 600_000,
    });
    return await measure(bench, connection).finally(() => connection.close());
  } finally {
    await server.end();
  }
}

async function measure(bench: Bench, connection: PostgresConnection): Promise<readonly Measure[]> {
  const { settings, say, signal, pace } = bench;
  const everyMs = settings.lastingMs / looks;
  const passed: Passed = { appended: 0, processed: 0, confirmed: 0, pruned: 0 };
  const end = new AbortController();
  const over = AbortSignal.any([end.signal, signal]);
  const before = await lookAtTable(connection);
  const { perSecond } = settings;
  const life = liveThrough({ connection, keptMs: everyMs, perSecond, over }, passed);
  // Looked at below, whatever comes before.
  life.catch(() => end.abort());
  const startMs = monotonicMs();
  const seen: BloatLook[] = [];
  try {
    for (let look = 1; look <= looks && !end.signal.aborted; look++) {
      await pause(startMs + look * everyMs - monotonicMs(), signal);
      // The first event is deleted now. On any other server days have gone by, and the table has statistics.
      if (look === 1) await connection.run('ANALYZE events');
      const table = await lookAtTable(connection);
      seen.push({ ...table, ...passed, atMs: monotonicMs() - startMs });
      pace.did(workOf('bloat', settings) / looks);
      say(`bloat: ${look} of ${looks}: ${lineOf(seen.at(-1))}`);
    }
  } finally {
    end.abort();
    await life;
  }
  mustBe('looks at the table', seen.length, looks);
  const [row] = await connection.query<{ n: number }>('SELECT count(*) AS n FROM events');
  mustBe('rows that are left', row?.n ?? Number.NaN, passed.appended - passed.pruned);
  return bloatMeasures({ before, seen, indexes: await lookAtIndexes(connection) });
}

function lineOf(look: BloatLook | undefined): string {
  if (look === undefined) return '';
  const { appended, pruned, tableBytes, indexBytes, deadRows } = look;
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  const size = `table ${megabytes(tableBytes)} MB, indexes ${megabytes(indexBytes)} MB`;
  return `${appended} events, ${pruned} deleted, ${size}, ${deadRows} dead rows`;
}
