// What happens to a server: one of its processes is killed, all of it is killed, or it is restarted, politely or at once.
import type { PostgresConnection } from '../../../apps/outbox/postgres/connection.ts';
import type { DatabaseTrouble } from '../chaos-database.ts';
import type { Random } from '../random.ts';
import { monotonicMs } from '../record.ts';
import type { Stage } from '../stage.ts';
import { pause } from '../waiting.ts';
import { killChild } from './kill-child.ts';
import { noteTrouble } from './note-trouble.ts';
import type { OwnServer } from './own-server.ts';
import { findBackend } from './session-troubles.ts';

const longestAbsenceMs = 1_500;

export function serverTroubles(
  server: OwnServer,
  connection: PostgresConnection,
): readonly DatabaseTrouble[] {
  const ways = [
    { what: 'server killed', signal: 'SIGKILL', isCrash: true },
    { what: 'immediate restart', signal: 'SIGQUIT', isCrash: true },
    // It writes everything to the disk first: what was committed without waiting for it is not forgotten.
    { what: 'fast restart', signal: 'SIGINT', isCrash: false },
  ] as const;
  return [
    {
      name: 'a process of the server is killed',
      weight: 2,
      play: (stage, random) => killBackend({ stage, server, connection, random }),
    },
    ...ways.map(({ what, signal, isCrash }) => ({
      name: what,
      weight: 1,
      async play(stage: Stage, random: Random) {
        const lostSessions = stage.settings.relayers;
        const absenceMs = random.between(0, longestAbsenceMs);
        await noteTrouble({ stage, random }, { what, isCrash, lostSessions }, async () => {
          await server.endBy(signal);
          await pause(absenceMs, stage.signal);
          await server.start();
        });
      },
    })),
  ];
}

/** The postmaster then ends all the others, too, and recovers from its WAL: no connection outlives it. */
async function killBackend(parts: {
  readonly stage: Stage;
  readonly server: OwnServer;
  readonly connection: PostgresConnection;
  readonly random: Random;
}): Promise<void> {
  const { stage, server, connection, random } = parts;
  const trouble = { what: 'server process killed', isCrash: true, lostSessions: stage.settings.relayers };
  // It is gone when its relayer was killed a moment ago.
  for (let left = 5; left > 0; left--) {
    const pid = await findBackend(stage, connection, { random, fits: () => true });
    if (pid === null) break;
    const witness = await server.witness();
    if (!killChild(pid, server.pid)) continue;
    return noteTrouble({ stage, random }, trouble, () => server.crashed(witness));
  }
  const waitedFor = 'a process of the server to kill';
  stage.record.add({ kind: 'scene failed', waitedFor, monotonicMs: monotonicMs() });
}
