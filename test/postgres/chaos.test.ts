// Chaos on PostgreSQL, short: on a server of its own, which is killed and restarted; without one, in a database of its own on the server that
// TEST_POSTGRES_URL names. Where neither is, it says so. Part of `npm run test:deep`: the shortest run takes 40 s.
import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { findBinaries } from '../../scripts/chaos/postgres/binaries.ts';
import { endChaos, resultFile, startChaos } from '../chaos-run.ts';
import { waitFor } from '../helpers.ts';
import { isDeep, patienceMs, seed, tellProgress } from '../repeatable.ts';

const runLimitMs = 240_000;
const hasServer = findBinaries() !== null;
const serverUrl = process.env.TEST_POSTGRES_URL ?? '';

if (isDeep && !hasServer)
  console.log('no PostgreSQL server is installed here: chaos on one of its own is skipped');

afterAll(endChaos, runLimitMs);

describe.skipIf(!hasServer || !isDeep)('on a server of its own', () => {
  test(
    'a run holds, whatever is done to the server, and leaves nothing',
    async () => {
      const run = startChaos('--database', 'postgres', '--seed', '1', '--duration', '1s', '--relayers', '1');
      expect(await run.exited, run.said()).toBe(0);
      for (const what of ['server process killed', 'server killed', 'fast restart', 'connections cut']) {
        expect(run.said()).toContain(`${what} 1`);
      }
      expect(run.said()).toMatch(/^lost +0$/m);
      expect(resultFile(run, 'svg')).toContain('database hit or away');
      expect(run.leftProcesses().filter((command) => !command.includes('warden'))).toEqual([]);
      expect(run.leftFiles()).toEqual([]);
    },
    runLimitMs,
  );
});

describe.skipIf(serverUrl === '' || !isDeep)('on a server that is there', () => {
  test(
    'a run holds in a database of its own, which is dropped, and no file names its password',
    async () => {
      const run = startChaos('--database', serverUrl, '--seed', '1', '--soak', '2s');
      expect(await run.exited, run.said()).toBe(0);
      const name = /in the database (outbox_chaos_\w+)/.exec(run.said())?.[1] ?? '?';
      expect(await databasesLike(name)).toEqual([]);
      const { password } = new URL(serverUrl);
      if (password !== '') expect(resultFile(run, 'json')).not.toContain(password);
    },
    runLimitMs,
  );
});

describe.skipIf(!isDeep || !hasServer)('for long (part of npm run test:deep)', () => {
  test(
    'a run holds over many kills',
    async () => {
      const run = startChaos('--database', 'postgres', '--seed', String(seed), '--kills', '200');
      run.child.stdout?.on('data', (text: Buffer) => tellProgress(text.toString('utf8').trimEnd()));
      expect(await run.exited, run.said()).toBe(0);
    },
    patienceMs,
  );

  test(
    'a run that is itself killed leaves neither server nor folder',
    async () => {
      const run = startChaos('--database', 'postgres', '--seed', '2');
      const isRunning = () => run.leftProcesses().some((command) => command.includes('relayer'));
      await waitFor('it runs', isRunning, runLimitMs);
      run.child.kill('SIGKILL');
      await run.exited;
      await waitFor('it was cleared up after', () => run.leftFiles().length === 0, 60_000);
      expect(run.leftProcesses().filter((command) => !command.includes('warden'))).toEqual([]);
    },
    patienceMs,
  );
});

async function databasesLike(name: string): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE datname = $1',
      [name],
    );
    return rows.map(({ datname }) => datname);
  } finally {
    await client.end();
  }
}
