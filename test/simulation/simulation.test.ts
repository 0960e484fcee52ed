// Thousands of short, crowded lives of several relayers, each from one number. What a failure prints is a scenario made
// as small as possible, what happened in it, and how to see it again.
import path from 'node:path';
import { expect, test } from 'vitest';
import { tempDirectory } from '../helpers.ts';
import { newDatabaseFile } from '../outbox-database.ts';
import type { PlayedDatabase } from '../played-database.ts';
import { patienceMs, progressOf, runs, seed, tellProgress } from '../repeatable.ts';
import { type Scenario, scenarioOf, smallerScenarios } from './scenario.ts';
import { fileDatabase, memoryDatabase } from './simulated-database.ts';
import { simulate, type Verdict } from './simulation.ts';

test(
  'whatever happens to relayers, clock, database and Convoy, every event is delivered and every rule holds',
  async () => {
    const database = memoryDatabase();
    const count = runs({ everyday: 250, deep: 20_000 });
    const tell = progressOf(`simulated scenarios from seed ${seed}`, count);
    const sum = { sent: 0, repeats: 0, steps: 0 };
    for (let n = 0; n < count; n++) {
      const verdict = await simulate(scenarioOf(seed + n), database);
      if (verdict.violation !== null) throw new Error(await report(scenarioOf(seed + n), database));
      sum.sent += verdict.sent;
      sum.repeats += verdict.repeats;
      sum.steps += verdict.steps;
      tell(n + 1);
      // The runner's own messages, now and then.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await database.close();
    tellProgress(`simulation: ${JSON.stringify(sum)}`);
    // Faults must have bitten: a simulation in which nothing is ever sent twice has tried nothing.
    if (count >= 100) expect(sum.repeats).toBeGreaterThan(count / 100);
    expect(sum.steps).toBeGreaterThan(count);
  },
  patienceMs,
);

test(
  'a scenario goes the same way every time, and on a file with a connection for each relayer',
  async () => {
    const folder = tempDirectory();
    const template = newDatabaseFile(folder);
    for (let n = 0; n < 12; n++) {
      const scenario = scenarioOf(seed + n);
      const traces = [];
      for (const database of [
        memoryDatabase(),
        memoryDatabase(),
        fileDatabase(path.join(folder, `${n}.db`), template),
      ]) {
        traces.push((await simulate(scenario, database, { isTraced: true })).trace);
        await database.close();
      }
      expect(traces[0]?.length).toBeGreaterThan(3);
      expect(traces[1]).toEqual(traces[0]);
      expect(traces[2]).toEqual(traces[0]);
    }
  },
  patienceMs,
);

/** The smallest scenario found that breaks a rule, and its trace. */
async function report(scenario: Scenario, database: PlayedDatabase): Promise<string> {
  let smallest = scenario;
  let verdict: Verdict = await simulate(scenario, database, { isTraced: true });
  for (let tries = 0, isSmaller = true; isSmaller && tries < 2_000; ) {
    isSmaller = false;
    for (const smaller of smallerScenarios(smallest)) {
      tries += 1;
      const next = await simulate(smaller, database, { isTraced: true });
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
