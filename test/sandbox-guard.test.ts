// The sandbox and a real Convoy never share a database's events by accident.
import { expect, test } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import { sandboxProjectId } from '../apps/outbox/sandbox-name.ts';
import { refuseSandboxAfterConvoy, tellSandboxLeftovers } from '../apps/relayer/sandbox-guard.ts';
import { insertEvents, newDatabaseFile, openStore, plainConnection } from './outbox-database.ts';
import { MemoryLog } from './relayer-rig.ts';

const sandbox = (port: number) => `http://127.0.0.1:${port}/api/v1/projects/${sandboxProjectId}`;
const convoy = 'https://api.getconvoy.io/api/v1/projects/01HX';

/** A database that has delivered to these gateways, two events to each. */
async function databaseOf(...gateways: readonly string[]) {
  const file = newDatabaseFile();
  const store = await openStore(file);
  const db = plainConnection(file);
  for (const gateway of gateways) {
    await store.log({ kind: 'verified', detail: { gateway, key: 'k' }, nowMs: 0 });
    insertEvents(db, 2, { status: 'processed', gateway, processed_at: isoText(0) });
  }
  return store;
}

test('a database that has delivered to a real Convoy is not handed to the sandbox', async () => {
  const store = await databaseOf(sandbox(4_000), convoy);
  await expect(refuseSandboxAfterConvoy(store, sandboxProjectId)).rejects.toMatchObject({
    code: 'ERR_OUTBOX_CONFIG',
    message: expect.stringMatching(/CONVOY_API_KEY and CONVOY_PROJECT_ID are not set.*api\.getconvoy\.io/),
  });
  await refuseSandboxAfterConvoy(store, '01HX');
});

test('a new database, or one that only the sandbox has seen, may go on with it', async () => {
  await refuseSandboxAfterConvoy(await databaseOf(), sandboxProjectId);
  await refuseSandboxAfterConvoy(await databaseOf(sandbox(4_000), sandbox(4_001)), sandboxProjectId);
});

test('events that only the sandbox accepted are told once a real Convoy is set, with the command that sends them', async () => {
  const store = await databaseOf(sandbox(4_000), sandbox(4_001), convoy);
  const log = new MemoryLog();
  await tellSandboxLeftovers(store, sandboxProjectId, log);
  expect(log.lines).toEqual([]);
  await tellSandboxLeftovers(store, '01HX', log);
  expect(log.lines).toMatchObject([
    {
      level: 'warn',
      fields: { events: 4, to_send_them: expect.stringContaining('redrive --accepted-by sandbox') },
    },
  ]);
});

test('nothing is told when the sandbox accepted nothing', async () => {
  const log = new MemoryLog();
  await tellSandboxLeftovers(await databaseOf(convoy), '01HX', log);
  expect(log.lines).toEqual([]);
});
