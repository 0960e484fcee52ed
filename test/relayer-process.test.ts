// The relayer as people run it: the built application in a process of its own, against a gateway over HTTP.
import { rmSync } from 'node:fs';
import path from 'node:path';
import type Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { type SpawnedNode, tempDirectory, waitFor } from './helpers.ts';
import {
  eventRow,
  insertEvent,
  insertEvents,
  newDatabaseFile,
  plainConnection,
  statusCounts,
} from './outbox-database.ts';
import { accept, keysAt, startBuiltRelayer, startPlainConvoy, variablesFor } from './plain-convoy.ts';

function startRelayer(
  file: string,
  variables: Record<string, string>,
  args: readonly string[] = [],
): SpawnedNode {
  return startBuiltRelayer({ DATABASE_URL: `file:${file}`, ...variables }, args);
}

async function drained(db: Database.Database): Promise<void> {
  await waitFor('everything to be processed', () => Object.keys(statusCounts(db)).join() === 'processed');
}

describe('a relayer process', () => {
  test('delivers what waits, then what is committed, within no poll interval, and stops on SIGINT', async () => {
    const convoy = await startPlainConvoy();
    const file = newDatabaseFile();
    const db = plainConnection(file);
    const seqs = insertEvents(db, 50);
    const relayer = startRelayer(file, variablesFor(convoy));
    await drained(db);
    for (let n = 0; n < 5; n++) {
      seqs.push(insertEvent(db));
      await drained(db);
    }
    relayer.child.kill('SIGINT');
    expect(await relayer.exited).toBe(0);
    expect(keysAt(convoy).toSorted()).toEqual(seqs.map((seq) => eventRow(db, seq).id).toSorted());
    expect(relayer.stdout).toContain(`database=${file}`);
    expect(relayer.stdout + relayer.stderr).not.toContain('secret-key');
  });

  test('sends nothing before the gateway has named the project, and at once the next time', async () => {
    const convoy = await startPlainConvoy();
    const file = newDatabaseFile();
    const db = plainConnection(file);
    insertEvent(db);
    const first = startRelayer(file, variablesFor(convoy));
    await drained(db);
    expect(convoy.requests.map(({ method }) => method)).toEqual(['GET', 'POST']);
    first.child.kill('SIGTERM');
    await first.exited;
    insertEvent(db);
    startRelayer(file, variablesFor(convoy));
    await drained(db);
    expect(convoy.requests[2]?.method).toBe('POST');
  });

  test('that is killed is followed by one that redelivers what it held at once', async () => {
    const convoy = await startPlainConvoy();
    const file = newDatabaseFile();
    const db = plainConnection(file);
    convoy.answer = () => {};
    insertEvents(db, 10);
    const first = startRelayer(file, variablesFor(convoy), ['--concurrency', '4']);
    await waitFor('four events in flight', () => keysAt(convoy).length === 4);
    first.child.kill('SIGKILL');
    await first.exited;
    convoy.answer = accept;
    // Its leases last half a minute and nobody polls: only the takeover can free them.
    startRelayer(file, variablesFor(convoy));
    await drained(db);
    const repeats = keysAt(convoy).length - new Set(keysAt(convoy)).size;
    expect(repeats).toBeLessThanOrEqual(4);
  });

  test('whose lock file is removed stops: two might hold one slot', async () => {
    const convoy = await startPlainConvoy();
    const file = newDatabaseFile();
    const relayer = startRelayer(file, { ...variablesFor(convoy), RELAYER_POLL_INTERVAL: '50ms' });
    await waitFor('it runs', () => relayer.stdout.includes('gateway checked'));
    rmSync(`${file}.relayer-00.lock`);
    expect(await relayer.exited).toBe(1);
    expect(relayer.stderr).toMatch(
      /^the lock file of relayer slot 00 was removed or replaced.*ERR_OUTBOX_SLOT/,
    );
  });

  test('gives back what is in flight when its drain ends', async () => {
    const convoy = await startPlainConvoy();
    const file = newDatabaseFile();
    const db = plainConnection(file);
    convoy.answer = () => {};
    const seq = insertEvent(db);
    const relayer = startRelayer(file, { ...variablesFor(convoy), RELAYER_DRAIN_TIMEOUT: '100ms' });
    await waitFor('the event in flight', () => keysAt(convoy).length === 1);
    relayer.child.kill('SIGINT');
    expect(await relayer.exited).toBe(0);
    expect(eventRow(db, seq)).toMatchObject({ status: 'pending', lease_id: null, claims: 0, attempts: 0 });
  });
});

describe('a relayer that cannot run says why in one line and exits with 2:', () => {
  test.each([
    { what: 'no key', variables: { CONVOY_API_KEY: '' }, says: 'CONVOY_API_KEY not set' },
    { what: 'a bad duration', variables: { RELAYER_LEASE: '5' }, says: 'RELAYER_LEASE: expected a duration' },
    {
      what: 'another project',
      variables: { CONVOY_PROJECT_ID: 'P2' },
      says: 'the key belongs to project P1',
    },
    {
      what: 'a database in no folder',
      variables: { DATABASE_URL: 'file:/nowhere/at/all.db' },
      says: '/nowhere/at/all.db',
    },
  ])('$what', async ({ variables, says }) => {
    const convoy = await startPlainConvoy();
    const file = path.join(tempDirectory(), 'events.db');
    const relayer = startRelayer(file, { ...variablesFor(convoy), ...variables } as Record<string, string>);
    expect(await relayer.exited).toBe(2);
    expect(relayer.stderr).toContain(says);
    expect(relayer.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(relayer.stderr).not.toContain('secret-key');
    expect(keysAt(convoy)).toEqual([]);
  });

  test('and --help is no mistake', async () => {
    const help = startRelayer('/nowhere', {}, ['--help']);
    expect(await help.exited).toBe(0);
    expect(help.stdout).toContain('--poll-interval');
    expect(help.stderr).toBe('');
  });
});
