// Ends single connections of the run's own applications, as an administrator or a failing network would: the session by whose locks a
// relayer is known to live, or one on which statements run. Nobody else's are ever touched: it looks in the run's database only.
import type { PostgresConnection } from '../../../apps/outbox/postgres/connection.ts';
import type { DatabaseTrouble } from '../chaos-database.ts';
import type { Random } from '../random.ts';
import { monotonicMs } from '../record.ts';
import type { Stage } from '../stage.ts';
import { waitFor } from '../waiting.ts';
import { patiently } from './facts.ts';
import { noteTrouble } from './note-trouble.ts';

const findLimitMs = 5_000;

/** Server processes of relayers and of the ingester, and whether one holds a slot. */
const backends = `
  SELECT a.pid, EXISTS (SELECT FROM pg_locks AS l
                         WHERE l.pid = a.pid AND l.locktype = 'advisory' AND l.granted AND l.objsubid = 2) AS "isSession"
    FROM pg_stat_activity AS a
   WHERE a.datname = current_database() AND (a.application_name LIKE 'outbox-relayer %' OR a.application_name = 'outbox client')
   ORDER BY a.backend_start`;

interface Backend {
  readonly pid: number;
  readonly isSession: boolean;
}

/** One of them by chance; null when there is none for a while. */
export async function findBackend(
  { signal }: Stage,
  connection: PostgresConnection,
  wanted: { readonly random: Random; readonly fits: (backend: Backend) => boolean },
): Promise<number | null> {
  const look = async () => {
    const found = (await patiently(() => connection.query<Backend>(backends))).filter(wanted.fits);
    return found[wanted.random.between(0, found.length - 1)]?.pid;
  };
  return waitFor(look, { withinMs: findLimitMs, signal });
}

export function sessionTroubles(connection: PostgresConnection): readonly DatabaseTrouble[] {
  const play = async (stage: Stage, random: Random, isSession: boolean) => {
    const what = isSession ? 'lock session ended' : 'connection ended';
    const fits = (backend: Backend) => backend.isSession === isSession;
    const pid = await findBackend(stage, connection, { random, fits });
    if (pid === null) {
      const waitedFor = 'a connection to end';
      return stage.record.add({ kind: 'scene failed', waitedFor, monotonicMs: monotonicMs() });
    }
    const lostSessions = isSession ? 1 : 0;
    await noteTrouble({ stage, random }, { what, isCrash: false, lostSessions }, async () => {
      await patiently(() => connection.query('SELECT pg_terminate_backend($1)', [pid]));
    });
  };
  return [
    {
      name: 'the session of a relayer is ended',
      weight: 3,
      play: (stage, random) => play(stage, random, true),
    },
    { name: 'a connection is ended', weight: 3, play: (stage, random) => play(stage, random, false) },
  ];
}
