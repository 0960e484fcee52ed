// Random sequences of everything that can happen to the table, on the real store and on the model side by side.
// Repeat a failure with the variables that its message names; `npm run test:deep` tries many more.
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tempDirectory } from '../helpers.ts';
import { newDatabaseFile } from '../outbox-database.ts';
import { onFile } from '../played-database.ts';
import { isDeep, patienceMs, progressOf, runs, seed, tellProgress } from '../repeatable.ts';
import { storeCommands } from './store-commands.ts';
import { StoreModel } from './store-model.ts';
import type { Play } from './store-play.ts';
import { StoreWorld } from './store-world.ts';

const startMs = Date.UTC(2026, 0, 1, 12);

test(
  'the SQLite store does what the model says, whatever the sequence of commands',
  async () => {
    const folder = tempDirectory();
    const database = onFile(path.join(folder, 'played.db'), newDatabaseFile(folder));
    const numRuns = runs({ everyday: 80, deep: 4_000 });
    const most = isDeep ? 120 : 60;
    let cases = 0;
    let commands = 0;
    const tell = progressOf(`sequences of store commands, seed ${seed}`, numRuns);
    const property = fc.asyncProperty(storeCommands({ most }), async (sequence) => {
      cases += 1;
      tell(cases);
      await database.clear();
      const world = new StoreWorld(database);
      const play: Play = { model: new StoreModel(), nowMs: startMs, rows: [], handedOut: [] };
      try {
        await fc.asyncModelRun(() => ({ model: play, real: world }), sequence);
        commands += [...sequence].length;
      } finally {
        await world.end();
      }
    });
    const result = await fc.check(property, { seed, numRuns, includeErrorInReport: true });
    await database.close();
    if (result.failed) {
      const repeat = `OUTBOX_SEED=${seed} OUTBOX_RUNS=${numRuns}${isDeep ? ' OUTBOX_DEEP=1' : ''}`;
      const report = await fc.asyncDefaultReportMessage(result);
      throw new Error(`${report}\n\nRepeat with: ${repeat} npx vitest run test/property`);
    }
    tellProgress(`store property: ${cases} sequences, ${commands} commands, seed ${seed}`);
    expect(commands).toBeGreaterThan(numRuns * 5);
  },
  patienceMs,
);
