import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createGround } from '../scripts/bench/ground.ts';
import { install } from '../scripts/bench/peers/install.ts';
import { startKeeper } from '../scripts/bench/peers/keeper-link.ts';
import { serverUrl, shownUrl, whyAbsent } from '../scripts/bench/peers/server-address.ts';
import { tempDirectory, waitFor } from './helpers.ts';

const wanted = {
  ...{ name: 'some-queue', server: null, packages: { 'some-queue': '1.2.3' } },
  settings: { default: 'd', tuned: 't' },
  lease: { default: 'd', tuned: 't' },
} as const;

/** An npm of the test's own: a script that is called with npm's arguments. */
function fakeNpm(script: string) {
  const folder = tempDirectory();
  const npm = path.join(folder, 'npm');
  writeFileSync(npm, `#!${process.execPath}\n${script}`, { mode: 0o755 });
  const said: string[] = [];
  const interruption = new AbortController();
  const cache = path.join(folder, 'cache');
  return {
    ...{ cache, said, interruption },
    install: () =>
      install(wanted, {
        ...{ cache, npm, environment: process.env, signal: interruption.signal },
        say: (text) => void said.push(text),
      }),
  };
}

test('a peer is installed once, without scripts, into a folder of its own, and again when its version changes', async () => {
  const { install, cache, said } = fakeNpm(`
    const { mkdirSync, writeFileSync } = require('node:fs');
    if (!process.argv.includes('--ignore-scripts')) process.exit(9);
    mkdirSync('node_modules');
    writeFileSync('node_modules/versions.json', JSON.stringify(require(process.cwd() + '/package.json').dependencies));`);
  const modules = path.join(cache, 'some-queue');
  expect(await install()).toEqual({ kind: 'installed', modules });
  expect(await install()).toEqual({ kind: 'installed', modules });
  expect(said).toEqual([`installing some-queue@1.2.3 into ${modules}`]);
  expect(JSON.parse(readFileSync(path.join(modules, 'node_modules/versions.json'), 'utf8'))).toEqual({
    'some-queue': '1.2.3',
  });
  writeFileSync(path.join(modules, 'installed.json'), '{"some-queue":"1.0.0"}');
  expect(await install()).toEqual({ kind: 'installed', modules });
  expect(said).toHaveLength(2);
});

test('a peer that npm cannot install is missing, with the reason, and nothing of it stays', async () => {
  const { install, cache } = fakeNpm(`
    require('node:fs').mkdirSync('node_modules');
    process.stderr.write('npm error code E404\\nnpm error 404 Not Found - GET some-queue\\nnpm error 404\\n');
    process.exitCode = 1;`);
  expect(await install()).toEqual({
    kind: 'missing',
    why: 'npm could not install some-queue@1.2.3: E404, 404 Not Found - GET some-queue',
  });
  expect(readdirSync(cache)).toEqual([]);
});

test('without npm a peer is missing', async () => {
  const { cache, interruption } = fakeNpm('');
  const options = { cache, npm: 'no-such-npm', environment: process.env, signal: interruption.signal };
  expect(await install(wanted, { ...options, say: () => {} })).toEqual({
    kind: 'missing',
    why: 'npm could not install some-queue@1.2.3: spawn no-such-npm ENOENT',
  });
});

test('an interrupted installation ends and leaves nothing', async () => {
  const { install, cache, interruption } = fakeNpm(`
    require('node:fs').writeFileSync('pid', String(process.pid));
    setInterval(() => {}, 1000);`);
  const running = install();
  const file = path.join(cache, 'some-queue/pid');
  const pid = await waitFor(
    'npm runs',
    () => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0) || null,
  );
  interruption.abort();
  expect(await running).toMatchObject({ kind: 'missing', why: expect.stringContaining('interrupted') });
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  expect(readdirSync(cache)).toEqual([]);
});

test('a server is looked for where the variable says, and its absence named', async () => {
  expect(serverUrl('Redis', {})).toBe('redis://127.0.0.1:6379');
  expect(serverUrl('PostgreSQL', {})).toMatch(/^postgres:\/\/[^@]+@127\.0\.0\.1:5432\/postgres$/);
  expect(serverUrl('PostgreSQL', { TEST_POSTGRES_URL: 'postgres://a/b' })).toBe('postgres://a/b');
  const server = createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  expect(await whyAbsent('Redis', `redis://127.0.0.1:${port}`)).toBeNull();
  await new Promise((resolve) => server.close(resolve));
  const refused = `no PostgreSQL at 127.0.0.1:${port} (ECONNREFUSED): TEST_POSTGRES_URL names another`;
  expect(await whyAbsent('PostgreSQL', `postgres://127.0.0.1:${port}/x`)).toBe(refused);
  expect(await whyAbsent('Redis', 'here')).toBe('"here" is no URL: TEST_REDIS_URL names another');
  expect(shownUrl('postgres://me:secret@host/db')).toBe('postgres://me:***@host/db');
});

/** A driver that writes down what it is asked to do. */
function fakeDriver(onConnect = '') {
  const modules = tempDirectory();
  const folder = path.join(modules, 'node_modules/pg');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(modules, 'package.json'), '{}');
  const log = path.join(modules, 'log');
  writeFileSync(
    path.join(folder, 'index.js'),
    `exports.Client = class {
      on() {}
      async connect() { ${onConnect} }
      async query(text) { require('node:fs').appendFileSync(${JSON.stringify(log)}, text + '\\n'); return { rows: [] }; }
      async end() {}
    };`,
  );
  return { modules, said: () => readFileSync(log, 'utf8').trim().split('\n') };
}

test('a database with a random name is made, and removed when the benchmark is gone', async () => {
  const ground = createGround();
  onTestFinished(() => ground.remove());
  const { modules, said } = fakeDriver();
  const task = { server: 'PostgreSQL', url: 'postgres://me@127.0.0.1:1/postgres', modules } as const;
  const keeper = await startKeeper(ground, task);
  if ('refused' in keeper.kept) throw new Error(keeper.kept.refused);
  const [, name] =
    /^postgres:\/\/me@127\.0\.0\.1:1\/(outbox_bench_[0-9a-f]{12})$/.exec(keeper.kept.database) ?? [];
  expect(said()).toEqual([`CREATE DATABASE ${name}`]);
  // Closes the channel, as the death of the benchmark does.
  await keeper.end();
  expect(said()).toEqual([`CREATE DATABASE ${name}`, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`]);
});

test('a server that does not let us in is named, without the password', async () => {
  const ground = createGround();
  onTestFinished(() => ground.remove());
  const { modules } = fakeDriver(`throw new Error('password authentication failed')`);
  const keeper = await startKeeper(ground, {
    server: 'PostgreSQL',
    url: 'postgres://me:secret@h/db',
    modules,
  });
  await keeper.end();
  expect(keeper.kept).toEqual({
    refused: 'PostgreSQL at postgres://me:***@h/db: password authentication failed',
  });
});
