// The example application as processes: its service, a relayer of the package it installed, a sandbox in Convoy's place,
// and the receiver of docs/convoy.md, which the shop "north" runs.
import path from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished } from 'vitest';
import { endpointOf } from '../scripts/sandbox/endpoint.ts';
import type { Sandbox } from '../scripts/sandbox/sandbox.ts';
import { type SpawnedNode, spawnNode, tempDirectory, waitFor } from './helpers.ts';
import type { PackedApp } from './packed.ts';
import { type RunningReceiver, runReceiver } from './receiver-example.ts';
import { type Answer, call, quickSandbox } from './sandbox-client.ts';
import { applyWithPrisma } from './schema-engine.ts';

/** The trace that every order of the tests belongs to. */
export const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** No developer's settings, no network: naming an executable keeps Prisma from downloading an engine. */
export const quietEnvironment = {
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
};

export interface AdoptedService {
  readonly file: string;
  readonly sandbox: Sandbox;
  readonly receiver: RunningReceiver;
  order(order: { readonly shop: string; readonly sku: string; readonly quantity: number }): Promise<Answer>;
  cancel(id: number): Promise<Answer>;
  /** A relayer of the package, up and running; `env` is set beside the service's own. */
  startRelayer(env?: NodeJS.ProcessEnv): Promise<SpawnedNode>;
  /** The bodies of the webhooks that have arrived. */
  arrived(): readonly { readonly id: number; readonly quantity: number; readonly status: string }[];
  /** The first column of what a query of the database returns. */
  select(sql: string): readonly unknown[];
}

/** Generates the client and compiles the service, as `npm run build` of the example does. */
export function buildService(app: PackedApp, folder = app.folder): void {
  app.run(app.script('prisma/build/index.js'), ['generate', '--no-hints'], {
    cwd: folder,
    env: quietEnvironment,
  });
  app.run(app.script('typescript/bin/tsc'), [], { cwd: folder });
}

/** A new database, made by nothing but the migrations of the application in `folder`. */
export async function migratedFile(folder: string): Promise<string> {
  const file = path.join(tempDirectory(), 'orders.db');
  const applied = await applyWithPrisma(file, path.join(folder, 'prisma', 'migrations'));
  expect(applied).toEqual(['20260301000000_orders', '20260301000100_outbox']);
  return file;
}

/** Starts the compiled service in `folder`, and all around it but a relayer. */
export async function startService(app: PackedApp, folder = app.folder): Promise<AdoptedService> {
  const north = { owner: 'north', name: 'North' };
  const receiver = await runReceiver(endpointOf(north, '').secret);
  const sandbox = await quickSandbox({ businesses: [{ ...north, url: receiver.url }] });
  const file = await migratedFile(folder);
  const env = {
    ...quietEnvironment,
    DATABASE_URL: `file:${file}`,
    PORT: '0',
    RELAYER_SANDBOX_URL: sandbox.url,
    // The usual port may be that of somebody's own relayer.
    RELAYER_STATUS_PORT: '0',
  };
  const service = spawnNode(path.join(folder, 'dist', 'server.js'), [], { cwd: folder, env });
  const url = await waitFor(
    'the service listens',
    () => /http:\S+\/orders/.exec(service.stdout)?.[0],
    30_000,
  );
  const db = new Database(file, { readonly: true });
  onTestFinished(() => void db.close());
  return {
    file,
    sandbox,
    receiver,
    order: (order) => call(url, { method: 'POST', headers: { traceparent }, body: JSON.stringify(order) }),
    cancel: (id) => call(`${url}/${id}`, { method: 'DELETE' }),
    async startRelayer(more = {}) {
      const relayer = spawnNode(app.bin('outbox-relayer'), [], { cwd: folder, env: { ...env, ...more } });
      await waitFor(
        'the relayer runs',
        () => {
          if (relayer.child.exitCode !== null) throw new Error(relayer.stderr);
          return relayer.stdout.includes('relayer started');
        },
        30_000,
      );
      return relayer;
    },
    arrived: () => receiver.rows().map(({ event }) => JSON.parse(event)),
    select: (sql) => db.prepare(sql).pluck().all(),
  };
}
