// A run on an SQLite file in the run's folder: nothing to start, nothing to give back, and no trouble but that of its users.
import type { ChaosDatabase } from '../chaos-database.ts';
import { arenaFiles } from '../evidence.ts';
import { openSqliteFacts } from './facts.ts';

export function sqliteDatabase(): ChaosDatabase {
  return {
    engine: 'sqlite',
    notice: null,
    troubles: [],
    url: (file) => `file:${file(arenaFiles.database)}`,
    facts: (arena, onReport) => openSqliteFacts(arena.file(arenaFiles.database), onReport),
    pids: () => [],
    async begin() {},
    async leaveEvidence() {},
    async end() {},
  };
}
