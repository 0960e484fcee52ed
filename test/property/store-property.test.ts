// Random sequences of everything that can happen to the table, on the real store and on the model side by side, one engine after the
// other. Repeat a failure with the variables that its message names; `npm run test:deep` tries many more.
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tempDirectory } from '../helpers.ts';
import { newDatabaseFile } from '../outbox-database.ts';
import { onFile, type PlayedDatabase } from '../played-database.ts';
import { onPostgres } from '../postgres/played-database.ts';
import { describeOnPostgres } from '../postgres-database.ts';
import { isDeep, patienceMs, progressOf, runs, seed, tellProgress } from '../repeatable.ts';
import { storeCommands } from './store-commands.ts';
import { StoreModel } from './store-model.ts';
import type { Play } from './store-play.ts';
import { StoreWorld } from './store-world.ts';

const startMs = Date.UTC(2026, 0, 1, 12);

interface Engine {
  readonly name: string;
  open(): Promise<PlayedDatabase>;
  /** Sequences, and the most commands in one. */
  readonly everyday: readonly [number, number];
  readonly deep: readonly [number, number];
}

holdsTheModel({
  name: 'SQLite',
  async open() {
    const folder = tempDirectory();
    return onFile(path.join(folder, 'played.db'), newDatabaseFile(folder));
  },
  everyday: [80, 60],
  deep: [4_000, 120],
});

describeOnPostgres('on PostgreSQL,', () => {
  // A command is some five round trips.
  holdsTheModel({ name: 'PostgreSQL', open: onPostgres, everyday: [45, 60], deep: [1_000, 120] });
});

function holdsTheModel({ name, open, everyday, deep }: Engine): void {
  test(
    `the ${name} store does what the model says, whatever the sequence of commands`,
    async () => {
      const database = await open();
      const numRuns = runs({ everyday: everyday[0], deep: deep[0] });
      const most = isDeep ? deep[1] : everyday[1];
      let cases = 0;
      let commands = 0;
      const tell = progressOf(`sequences of store commands on ${name}, seed ${seed}`, numRuns);
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
        throw new Error(`${report}\n\nRepeat with: ${repeat} npx vitest run test/property -t ${name}`);
      }
      tellProgress(`store property on ${name}: ${cases} sequences, ${commands} commands, seed ${seed}`);
      expect(commands).toBeGreaterThan(numRuns * 5);
    },
    patienceMs,
  );
}
