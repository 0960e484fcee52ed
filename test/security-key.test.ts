// The API key is in no byte that the applications produce: run in every way that makes them talk, with a marked key, and
// every byte of output, database and process title searched for it in each form it could take.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Place,
  placeFor,
  quietSandbox,
  said,
  startIngester,
  startRelayer,
  stopAll,
} from './both-apps.ts';
import { projectRoot, type SpawnedNode, spawnNode, tempDirectory, waitFor } from './helpers.ts';
import { insertEvents, plainConnection } from './outbox-database.ts';
import { startReplyServer } from './reply-server.ts';

/** With the characters that JSON and URLs write in another way. */
const key = 'MARKED"key\\4711/+%&';
const traces = [
  key,
  JSON.stringify(key).slice(1, -1),
  encodeURIComponent(key),
  Buffer.from(key).toString('base64'),
  Buffer.from(key).toString('hex'),
  // Whatever was done to the rest.
  'MARKED',
];

function expectNoKey(what: string, bytes: string | Buffer): void {
  const text = bytes.toString('latin1').toLowerCase();
  for (const trace of traces) {
    const at = text.indexOf(trace.toLowerCase());
    expect(at < 0 ? '' : `${what}: ...${text.slice(Math.max(0, at - 60), at + 60)}...`).toBe('');
  }
}

/** Everything that a run left: output of its processes, and every file beside the database. */
function search(place: Place, ...apps: readonly SpawnedNode[]): void {
  for (const app of apps) expectNoKey('output', app.stdout + app.stderr);
  const folder = path.dirname(place.file);
  for (const name of readdirSync(folder)) expectNoKey(name, readFileSync(path.join(folder, name)));
}

async function markedPlace(change: NodeJS.ProcessEnv = {}): Promise<Place> {
  const sandbox = await quietSandbox({ apiKey: key });
  const place = placeFor(sandbox);
  return { ...place, env: { ...place.env, LOG_LEVEL: 'debug', ...change } };
}

describe('the key is nowhere', () => {
  test.each(['text', 'json'])(
    'while all is well, at debug level, in %s logs and in process titles',
    async (format) => {
      const place = await markedPlace({ LOG_FORMAT: format });
      const apps = [startIngester(place), startRelayer(place)];
      const [ingester, relayer] = apps;
      await Promise.all([
        said(apps[0] as SpawnedNode, /recorded/),
        said(apps[1] as SpawnedNode, /event accepted/),
      ]);
      for (const app of apps) {
        if (process.platform !== 'linux') continue;
        for (const name of ['cmdline', 'comm']) expectNoKey(name, readFileSync(`/proc/${app.pid}/${name}`));
      }
      search(place, ...apps);
      expect(await stopAll(...apps)).toEqual([0, 0]);
      search(place, ...[ingester, relayer].filter((app) => app !== undefined));
    },
  );

  test.each([
    ['a gateway that refuses it with 401 and repeats it', 401],
    ['a gateway that answers 500 and repeats it', 500],
    ['a gateway that calls every event wrong and repeats it', 400],
    ['something that is not Convoy and repeats it', 200],
  ])('with %s', async (_, status) => {
    const server = await startReplyServer((response, { method, headers }) => {
      const isCheck = method === 'GET';
      const echo = { status: false, message: `body must not contain ${String(headers.authorization)}` };
      const project = { status: true, data: { uid: 'sandbox' } };
      response
        .writeHead(isCheck ? 200 : status, { 'content-type': 'application/json' })
        .end(JSON.stringify(isCheck ? project : echo));
    });
    const place = await markedPlace({ CONVOY_BASE_URL: server.url });
    insertEvents(plainConnection(place.file), 3);
    const relayer = startRelayer(place, ['--max-attempts', '1']);
    await waitFor(
      'the event is sent',
      () => server.requests.filter(({ method }) => method === 'POST').length > 1,
    );
    const db = plainConnection(place.file);
    await waitFor('the reason is kept', () =>
      db.prepare('SELECT 1 FROM events WHERE last_error IS NOT NULL').get(),
    );
    await stopAll(relayer);
    search(place, relayer);
  });

  test('when the project check repeats it, the gateway is away, and the relayer is killed', async () => {
    const server = await startReplyServer((response, { headers }) =>
      response.writeHead(401).end(String(headers.authorization)),
    );
    for (const url of [server.url, 'http://127.0.0.1:1', 'https://127.0.0.1:1']) {
      const place = await markedPlace({ CONVOY_BASE_URL: url });
      const relayer = startRelayer(place);
      await said(relayer, /does not confirm the project yet/);
      relayer.child.kill('SIGKILL');
      await relayer.exited;
      search(place, relayer);
    }
  });

  test('when the relayer cannot start', async () => {
    const place = await markedPlace();
    const keyFile = path.join(tempDirectory(), 'key');
    writeFileSync(keyFile, `${key}\nand more`);
    const wrongs: readonly (readonly [readonly string[], NodeJS.ProcessEnv])[] = [
      [['--help'], {}],
      [['--no-such-flag', key], {}],
      [[key], {}],
      [['--convoy-api-key', '', key], {}],
      [['--convoy-api-key', key, '--convoy-api-key', key], {}],
      [['--convoy-api-key', `${key} ${key}`], {}],
      [['--lease', '1s', '--convoy-api-key', key], {}],
      [[], { CONVOY_API_KEY: `${key}\t${key}` }],
      [[], { CONVOY_BASE_URL: `https://someone:${key}@convoy.example` }],
      [[], { CONVOY_BASE_URL: 'http://convoy.example' }],
      [[], { CONVOY_API_KEY: '', CONVOY_API_KEY_FILE: keyFile }],
      [[], { CONVOY_PROJECT_ID: '' }],
      [[], { CONVOY_PROJECT_ID: 'another' }],
      [[], { DATABASE_URL: 'file:/nowhere/at/all/events.db' }],
      [[], { DATABASE_URL: `postgres://user:${key}@host/db` }],
    ];
    for (const [args, env] of wrongs) {
      const relayer = startRelayer({ ...place, env: { ...place.env, ...env } }, args);
      const what = `${args.join(' ')} ${Object.keys(env).join(' ')}`;
      expect(await relayer.exited, what).toBe(args[0] === '--help' ? 0 : 2);
      search(place, relayer);
    }
  }, 60_000);

  test('when the process crashes', async () => {
    const place = await markedPlace({
      NODE_OPTIONS: `--import ${path.join(projectRoot, 'test', 'fixtures', 'crash-soon.mjs')}`,
    });
    const relayer = spawnNode(path.join(projectRoot, 'build', 'apps', 'relayer', 'main.js'), [], {
      env: place.env,
    });
    expect(await relayer.exited).not.toBe(0);
    expect(relayer.stderr).toContain('a crash in the middle of everything');
    search(place, relayer);
  });
});
