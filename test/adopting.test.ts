// Another application adopts the outbox: the example in examples/orders, with the package as `npm pack` makes it. Its own
// migrations, its own client, real processes, and webhooks that arrive at the receiver of docs/convoy.md.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { calendarOf } from './adopted-calendar.ts';
import {
  buildService,
  quietEnvironment as env,
  migratedFile,
  startService,
  traceparent,
} from './adopted-service.ts';
import { freePort, projectRoot, spawnNode, tempDirectory, waitFor } from './helpers.ts';
import { plainConnection } from './outbox-database.ts';
import { installPacked } from './packed.ts';
import { linksOf } from './packed-links.ts';
import { call } from './sandbox-client.ts';
import { driftOf } from './schema-engine.ts';

const app = installPacked('orders');
const nowhere = 'http://127.0.0.1:9/api';
const printed = (command: string, more = {}) =>
  app.run(app.bin('outbox'), [command], { env: { ...env, ...more } });

// Compilers and a dozen processes: on a busy machine each takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

beforeAll(() => buildService(app));

describe('the package', () => {
  test('holds what an adopter needs, and nothing of the demo or its tools', () => {
    for (const file of ['build/apps/outbox/index.d.ts', 'docs/adopting.md', 'LICENSE', 'README.md'])
      expect(app.files).toContain(file);
    const foreign =
      /ingester|chaos(?!\.svg)|bench\/|demo_invoices|prisma-client|generated|\.test\.|node_modules|\.db|\.cache$/;
    expect(app.files.filter((file) => foreign.test(file))).toEqual([]);
    const peers = ['@prisma/adapter-pg', '@prisma/client', 'pg'];
    expect(Object.keys(app.manifest.peerDependencies ?? {})).toEqual(peers);
    for (const name of ['pm2', 'prisma', ...peers])
      expect(app.manifest.dependencies).not.toHaveProperty([name]);
    expect(app.manifest.private).toBeUndefined();
  });

  test('has no page with a link or a picture that stayed behind', () => {
    const { links, dead } = linksOf(app);
    expect(links.length).toBeGreaterThan(20);
    expect(dead).toEqual([]);
  });

  test.each(Object.keys(app.manifest.bin ?? {}))(
    'has a command %s that runs and says how it is used',
    (name) => {
      expect(app.run(app.bin(name), ['--help'], { env })).toContain(`npx ${name}`);
    },
  );

  test('has commands that name the missing client of PostgreSQL', () => {
    const elsewhere = { ...env, DATABASE_URL: 'postgres://127.0.0.1:1/x', RELAYER_SANDBOX_URL: nowhere };
    const run =
      (name: string, ...args: string[]) =>
      () =>
        app.run(app.bin(name), args, { env: elsewhere });
    const told = 'whose client is not installed: npm install pg @prisma/adapter-pg';
    for (const refused of [run('outbox-relayer'), run('outbox', 'status'), run('outbox', 'doctor')])
      expect(refused).toThrow(told);
  });

  test('serves an application in CommonJS, with types', () => {
    const folder = path.join(app.folder, 'commonjs');
    cpSync(path.join(projectRoot, 'test', 'fixtures', 'commonjs-app'), folder, { recursive: true });
    app.run(app.script('typescript/bin/tsc'), [], { cwd: folder });
    expect(app.run(path.join(folder, 'main.cjs'), [])).toBe('ERR_OUTBOX_EVENT_INVALID\n');
  });
});

describe('the example', () => {
  test('is what the steps of docs/adopting.md make of an application without the outbox', () => {
    const folder = path.join(app.folder, 'before');
    const orders = path.join('prisma', 'migrations', '20260301000000_orders', 'migration.sql');
    cpSync(path.join(app.folder, orders), path.join(folder, orders));
    const schema = readFileSync(path.join(app.folder, 'prisma', 'schema.prisma'), 'utf8');
    const own = schema.slice(0, schema.indexOf('/// The outbox.'));
    writeFileSync(path.join(folder, 'prisma', 'schema.prisma'), own);
    const page = readFileSync(path.join(projectRoot, 'docs', 'adopting.md'), 'utf8');
    const steps = /```sh\n([\s\S]*?)```/.exec(page)?.[1] ?? 'exit 1';
    const step = spawnSync('sh', ['-ec', steps], { cwd: folder, env, encoding: 'utf8' });
    expect(step.stderr).toBe('');
    expect(readFileSync(path.join(folder, 'prisma', 'schema.prisma'), 'utf8')).toBe(schema);
    const outbox = path.join('prisma', 'migrations', '20260301000100_outbox', 'migration.sql');
    expect(readFileSync(path.join(folder, outbox), 'utf8')).toBe(
      readFileSync(path.join(app.folder, outbox), 'utf8'),
    );
  });

  test('has its own tables and those of the outbox, and Prisma sees nothing to add', async () => {
    const schema = readFileSync(path.join(app.folder, 'prisma', 'schema.prisma'), 'utf8');
    const file = await migratedFile(app.folder);
    expect((await driftOf(file, schema)).trim()).toBe('-- This is an empty migration.');
    const tables = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_prisma%' ESCAPE '\\' ORDER BY name`;
    const names = ['Order', 'Product', 'events', 'outbox_log', 'sqlite_sequence'];
    expect(plainConnection(file).prepare(tables).pluck().all()).toEqual(names);
  });

  test('has a live page, with every file that it asks for, and metrics', async () => {
    const service = await startService(app);
    const port = await freePort();
    await service.startRelayer({ RELAYER_STATUS_PORT: String(port) });
    const url = `http://127.0.0.1:${port}`;
    const page = await waitFor('the live page', () => call(url).catch(() => null), 30_000);
    const asked = [...page.text.matchAll(/(?:href|src)="(\/[^"]+)"/g)].map(([, name = '']) => name);
    expect(asked.length).toBeGreaterThan(3);
    for (const name of [...asked, '/uplot.js', '/metrics', '/healthz']) {
      expect([name, (await call(`${url}${name}`)).status]).toEqual([name, 200]);
    }
  });

  test('sends a webhook for each order and cancellation, with the trace, and none for an order that failed', async () => {
    const service = await startService(app);
    await service.startRelayer();
    expect((await service.order({ shop: 'north', sku: 'cup', quantity: 4 })).status).toBe(201);
    // Its event was appended before the stock turned out too small.
    expect((await service.order({ shop: 'north', sku: 'cup', quantity: 4 })).status).toBe(409);
    expect((await service.order({ shop: ' ', sku: 'tea', quantity: 1 })).status).toBe(400);
    expect((await service.order({ shop: 'north', sku: 'hat', quantity: 1 })).status).toBe(409);
    expect((await service.cancel(1)).status).toBe(200);
    expect((await service.cancel(1)).status).toBe(409);
    await waitFor('the webhooks', () => service.receiver.rows().length === 2);
    const ordered = service.arrived().toSorted((a, b) => (a.status < b.status ? 1 : -1));
    expect(ordered).toEqual([
      { id: 1, sku: 'cup', quantity: 4, status: 'placed' },
      { id: 1, sku: 'cup', quantity: 4, status: 'cancelled' },
    ]);
    const traces = service.receiver.rows().map((row) => row.traceparent);
    expect(traces.toSorted()).toEqual([traceparent, null]);
    const types = ['order.placed', 'order.cancelled'];
    expect(service.select('SELECT event_type FROM events ORDER BY seq')).toEqual(types);
    expect(service.select('SELECT count(*) FROM "Order"')).toEqual([1]);
    expect(service.select(`SELECT stock FROM Product WHERE sku = 'cup'`)).toEqual([5]);
  });

  test('sends what a relayer held when it was killed: again to Convoy, once to the receiver', async () => {
    const service = await startService(app);
    const { sandbox, receiver } = service;
    const accepted = () => sandbox.ledger.recent().filter(({ kind }) => kind === 'accepted').length;
    sandbox.faults.replace([{ kind: 'hang-after-accepting', remaining: 3 }]);
    const relayer = await service.startRelayer();
    for (const quantity of [1, 2, 3]) await service.order({ shop: 'north', sku: 'tea', quantity });
    await waitFor('all are accepted, no answer came', () => accepted() === 3);
    relayer.child.kill('SIGKILL');
    expect(await relayer.exited).toBe('SIGKILL');
    await service.order({ shop: 'north', sku: 'tea', quantity: 4 });
    await service.startRelayer();
    const processed = () => service.select(`SELECT count(*) FROM events WHERE status = 'processed'`)[0];
    await waitFor('all are processed', () => processed() === 4);
    await waitFor('the webhooks', () => receiver.rows().length === 4);
    expect(accepted()).toBe(7);
    const quantities = service.arrived().map(({ quantity }) => quantity);
    expect(quantities.toSorted()).toEqual([1, 2, 3, 4]);
  });
});

describe('an application with an events table and an Event model of its own', () => {
  const outbox = { OUTBOX_TABLE: 'outbox_events' };
  let folder = '';

  beforeAll(() => {
    folder = calendarOf(app, {
      own: printed('schema'),
      renamed: printed('schema', outbox),
      sql: printed('sql', outbox),
    });
  });

  test('keeps both, and is told about the clash when OUTBOX_TABLE is forgotten', async () => {
    const service = await startService(app, folder);
    expect((await service.order({ shop: 'north', sku: 'tea', quantity: 1 })).status).toBe(201);
    await expect(service.startRelayer()).rejects.toThrow(
      'its table events is another one, not an outbox: leave it as it is and give the outbox a name of its own with OUTBOX_TABLE',
    );
    await service.startRelayer(outbox);
    await waitFor('the webhook', () => service.receiver.rows().length === 1);
    expect(service.select('SELECT count(*) FROM events')).toEqual([0]);
    const schema = readFileSync(path.join(folder, 'prisma', 'schema.prisma'), 'utf8');
    expect((await driftOf(service.file, schema)).trim()).toBe('-- This is an empty migration.');
    const own = { ...env, ...outbox, DATABASE_URL: `file:${service.file}` };
    expect(JSON.parse(app.run(app.bin('outbox'), ['status', '--json'], { env: own })).counts.pending).toBe(0);
  });
});

test("a relayer in another application's folder creates no database, and says what is missing", async () => {
  const file = path.join(tempDirectory(), 'none.db');
  const own = { ...env, DATABASE_URL: `file:${file}`, RELAYER_SANDBOX_URL: nowhere };
  const relayer = spawnNode(app.bin('outbox-relayer'), [], { cwd: app.folder, env: own });
  expect(await relayer.exited).toBe(2);
  expect(relayer.stderr).toContain('create it with your own migrations first');
  expect(existsSync(file)).toBe(false);
});
