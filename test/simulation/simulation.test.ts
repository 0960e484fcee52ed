// Thousands of short, crowded lives of several relayers, each from one number. What a failure prints is a scenario made
// as small as possible, what happened in it, and how to see it again.
import path from 'node:path';
import { expect, test } from 'vitest';
import { tempDirectory } from '../helpers.ts';
import { newDatabaseFile } from '../outbox-database.ts';
import type { PlayedDatabase } from '../played-database.ts';
import { onPostgres } from '../postgres/played-database.ts';
import { describeOnPostgres } from '../postgres-database.ts';
import { isDeep, patienceMs, progressOf, runs, seed, tellProgress } from '../repeatable.ts';
import { type Scenario, scenarioOf, smallerScenarios } from './scenario.ts';
import { fileDatabase, memoryDatabase, serverDatabase } from './simulated-database.ts';
import { simulate } from './simulation.ts';
import type { Verdict } from './verdict.ts';

interface Engine {
  readonly name: string;
  open(): Promise<PlayedDatabase>;
  /** Whether verbs go over a network, where they outlive their process and answers are lost. */
  readonly isRemote: boolean;
  /** Scenarios. */
  readonly everyday: number;
  readonly deep: number;
}

const inMemory = async () => memoryDatabase();
keepsThePromise({ name: 'SQLite', open: inMemory, isRemote: false, everyday: 250, deep: 20_000 });
// The loop before a server, at the speed of memory; which database does the work makes no difference to it, as a test below shows.
keepsThePromise({ name: 'SQLite as a server', open: inMemory, isRemote: true, everyday: 60, deep: 10_000 });

describeOnPostgres('on PostgreSQL,', () => {
  keepsThePromise({ name: 'PostgreSQL', open: serverDatabase, isRemote: true, everyday: 90, deep: 1_000 });

  test(
    'a scenario goes the same way as on SQLite, with a pool for each relayer',
    async () => {
      for (let n = 0; n < (isDeep ? 200 : 4); n++) {
        const [onSqlite, onServer] = [memoryDatabase(), await onPostgres()];
        expect(await traceOf(seed + n, onServer)).toEqual(await traceOf(seed + n, onSqlite));
      }
    },
    patienceMs,
  );
});

function keepsThePromise({ name, open, isRemote, everyday, deep }: Engine): void {
  test(
    `whatever happens to relayers, clock, database (${name}) and Convoy, every event is delivered and every rule holds`,
    async () => {
      const database = await open();
      const count = runs({ everyday, deep });
      const tell = progressOf(`simulated scenarios on ${name} from seed ${seed}`, count);
      const sum = { sent: 0, repeats: 0, steps: 0 };
      for (let n = 0; n < count; n++) {
        const verdict = await simulate(scenarioOf(seed + n), database, { isRemote });
        if (verdict.violation !== null)
          throw new Error(await report(scenarioOf(seed + n), { database, isRemote }));
        sum.sent += verdict.sent;
        sum.repeats += verdict.repeats;
        sum.steps += verdict.steps;
        tell(n + 1);
        // The runner's own messages, now and then.
        await new Promise((resolve) => setImmediate(resolve));
      }
      await database.close();
      tellProgress(`simulation on ${name}: ${JSON.stringify(sum)}`);
      // Faults must have bitten: a simulation in which nothing is ever sent twice has tried nothing.
      if (count >= 100) expect(sum.repeats).toBeGreaterThan(count / 100);
      expect(sum.steps).toBeGreaterThan(count);
    },
    patienceMs,
  );
}

test(
  'a scenario goes the same way every time, and on a file with a connection for each relayer',
  async () => {
    const folder = tempDirectory();
    const template = newDatabaseFile(folder);
    for (let n = 0; n < 12; n++) {
      const trace = await traceOf(seed + n, memoryDatabase());
      expect(trace.length).toBeGreaterThan(3);
      expect(await traceOf(seed + n, memoryDatabase())).toEqual(trace);
      expect(await traceOf(seed + n, fileDatabase(path.join(folder, `${n}.db`), template))).toEqual(trace);
    }
  },
  patienceMs,
);

/** Plays a scenario on the database, and closes that. */
async function traceOf(scenarioSeed: number, database: PlayedDatabase): Promise<readonly string[]> {
  const { trace } = await simulate(scenarioOf(scenarioSeed), database, { isTraced: true });
  await database.close();
  return trace;
}

/** The smallest scenario found that breaks a rule, and its trace. */
async function report(
  scenario: Scenario,
  { database, isRemote }: { readonly database: PlayedDatabase; readonly isRemote: boolean },
): Promise<string> {
  const options = { isTraced: true, isRemote };
  let smallest = scenario;
  let verdict: Verdict = await simulate(scenario, database, options);
  for (let tries = 0, isSmaller = true; isSmaller && tries < 2_000; ) {
    isSmaller = false;
    for (const smaller of smallerScenarios(smallest)) {
      tries += 1;
      const next = await simulate(smaller, database, options);
      if (next.violation === null) continue;
      smallest = smaller;
      verdict = next;
      isSmaller = true;
      break;
    }
  }
  return [
    `${verdict.violation}`,
    `Seed ${scenario.seed}; the smallest scenario found: ${JSON.stringify(smallest, null, 1)}`,
    ...verdict.trace.slice(-120),
    `Repeat with: OUTBOX_SEED=${scenario.seed} OUTBOX_RUNS=1 npx vitest run test/simulation`,
  ].join('\n');
}
