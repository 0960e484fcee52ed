// `convoy setup` as a process against the sandbox: from nothing to a delivered webhook, again without doing anything twice, and
// refusals that change nothing.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { withVariables } from '../scripts/outbox/env-file.ts';
import type { Sandbox } from '../scripts/sandbox/sandbox.ts';
import { quietSandbox, startRelayer } from './both-apps.ts';
import { tempDirectory, waitFor } from './helpers.ts';
import { outboxWith } from './operator-command.ts';
import { insertEvents, newDatabaseFile, plainConnection, statusCounts } from './outbox-database.ts';

// Each case starts several processes: a second altogether, and many on a machine that is busy.
vi.setConfig({ testTimeout: 60_000 });

/** A database with events of two businesses, an empty `.env`, and a sandbox that knows neither business. */
async function scene() {
  const sandbox = await quietSandbox({ businesses: [] });
  const folder = tempDirectory();
  const [settings, keyFile] = [path.join(folder, 'env'), path.join(folder, 'personal-key')];
  writeFileSync(settings, '# mine\nLOG_LEVEL=info\nCONVOY_API_KEY=\n');
  writeFileSync(keyFile, 'sandbox-personal-key\n');
  const file = newDatabaseFile(folder);
  const db = plainConnection(file);
  for (const business_id of ['north & co', 'south']) insertEvents(db, 2, { business_id });
  const env = { DATABASE_URL: `file:${file}`, OUTBOX_ENV_FILE: settings };
  const receiver = `${sandbox.controlUrl}/receiver/{business}`;
  const organised = ['--organisation', 'O1', '--receiver', receiver, '--base-url', sandbox.url];
  const withKey = ['--personal-key-file', keyFile, ...organised];
  const setup = (...args: readonly string[]) => outboxWith(env, 'convoy', 'setup', ...args);
  return { sandbox, settings, db, env, file, organised, withKey, setup };
}

const ownersOf = (sandbox: Sandbox) => sandbox.endpointControls.list().map(({ owner }) => owner);

test('from nothing to a confirmed delivery, and again without doing anything twice', {
  timeout: 60_000,
}, async () => {
  const { sandbox, settings, db, env, file, withKey, setup } = await scene();
  const first = await setup(...withKey);
  expect(first).toMatchObject({ status: 0, stderr: '' });
  expect(first.stdout.split('\n').map((line) => line.replace(/^project \w+/, 'project P'))).toEqual([
    'project P "transactional-outbox": created',
    `${settings}: CONVOY_API_KEY, CONVOY_PROJECT_ID, CONVOY_BASE_URL written`,
    'business north & co: endpoint created, subscription created',
    'business south: endpoint created, subscription created',
    expect.stringMatching(/^wait some six seconds/),
    '',
  ]);
  const written = readFileSync(settings, 'utf8');
  expect(written).toMatch(
    /^# mine\nLOG_LEVEL=info\nCONVOY_API_KEY=CO\.\S+\nCONVOY_PROJECT_ID=\w{26}\nCONVOY_BASE_URL=http\S+\n$/,
  );
  expect(statSync(settings).mode & 0o077).toBe(0);
  expect(first.stdout).not.toContain('CO.');

  const relayer = startRelayer({ file, journal: '', env: { ...env, PATH: process.env.PATH } });
  await waitFor('the webhooks', () => sandbox.state().receiver.received === 4);
  await waitFor('everything processed', () => statusCounts(db).processed === 4);
  relayer.child.kill('SIGTERM');
  expect(await relayer.exited).toBe(0);

  const again = await setup(...withKey, '--json');
  expect(JSON.parse(again.stdout)).toMatchObject({
    project: { isCreated: false, written: null },
    businesses: [
      { business: 'north & co', endpoint: 'found', subscription: 'found' },
      { business: 'south', endpoint: 'found', subscription: 'found' },
    ],
  });
  expect(readFileSync(settings, 'utf8')).toBe(written);
  expect(ownersOf(sandbox)).toEqual(['north & co', 'south']);
  const more = await setup('--business', 'west', '--receiver', 'http://127.0.0.1:9/west');
  expect(more.stdout).toMatch(/found, the key fits\nbusiness west: endpoint created, subscription created\n/);
});

test('a half-finished setup is finished: what is missing is added, what is there is kept', async () => {
  const { sandbox, env, setup } = await scene();
  sandbox.endpointControls.add({ owner: 'south', name: 'South', url: 'http://127.0.0.1:9/elsewhere' });
  const configured = { ...env, CONVOY_API_KEY: sandbox.apiKey, CONVOY_BASE_URL: sandbox.url };
  const result = await outboxWith(
    configured,
    'convoy',
    'setup',
    '--receiver',
    'http://127.0.0.1:9/{business}',
  );
  expect(result.stdout.split('\n')).toEqual([
    'project sandbox: found, the key fits',
    expect.stringMatching(/CONVOY_PROJECT_ID written$/),
    'business north & co: endpoint created, subscription created',
    'business south: endpoint found, subscription found (its URL is kept: http://127.0.0.1:9/elsewhere)',
    '',
  ]);
  expect(await setup('--receiver', 'nowhere')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/--receiver/),
  });
});

test('what cannot be done is one clear line, and nothing is changed', async () => {
  const { sandbox, settings, env, organised, withKey, setup } = await scene();
  const before = readFileSync(settings, 'utf8');
  const refused = async (
    says: RegExp,
    args: readonly string[],
    changes: NodeJS.ProcessEnv = {},
    code = 2,
  ) => {
    const { status, stdout, stderr } = await outboxWith({ ...env, ...changes }, 'convoy', 'setup', ...args);
    expect([status, stdout]).toEqual([code, '']);
    expect(stderr).toMatch(says);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect([readFileSync(settings, 'utf8'), ownersOf(sandbox)]).toEqual([before, []]);
  };
  await refused(/personal API key/, organised);
  await refused(/--organisation: expected/, withKey.slice(4), {
    CONVOY_PERSONAL_KEY: 'sandbox-personal-key',
  });
  await refused(/list the projects with the personal key: HTTP 401: the key is wrong/, organised, {
    CONVOY_PERSONAL_KEY: 'wrong',
  });
  await refused(/a project key may not/, organised, { CONVOY_PERSONAL_KEY: sandbox.apiKey });
  await refused(/there is a project "sandbox"/, [...withKey, '--project', 'sandbox']);
  await refused(/CONVOY_PROJECT_ID is set without/, withKey, { CONVOY_PROJECT_ID: 'P' });
  await refused(/the key belongs to project sandbox/, withKey, {
    CONVOY_PROJECT_ID: 'P',
    CONVOY_API_KEY: sandbox.apiKey,
  });
  await refused(/read the project with CONVOY_API_KEY: HTTP 401: the key is wrong/, withKey, {
    CONVOY_PROJECT_ID: 'P',
    CONVOY_API_KEY: 'wrong',
  });
  await refused(
    /--receiver: expected a URL/,
    [...withKey, '--receiver', 'ftp://x'].filter((_, index) => index !== 4 && index !== 5),
  );
  await refused(/CONVOY_ALLOW_PLAIN_HTTP/, [...withKey.slice(0, 6), '--base-url', 'http://convoy.example']);
  await refused(/ECONNREFUSED/, [...withKey.slice(0, 6), '--base-url', 'http://127.0.0.1:1'], {}, 1);
  await refused(/no database/, withKey, { DATABASE_URL: `file:${settings}-none` });
  expect((await setup('--help')).stdout).toContain('--personal-key-file');
});

test('a key that would have nowhere to go is not asked for', async ({ skip }) => {
  skip(process.platform !== 'linux', 'no file at hand that can be read, in a folder that nobody can write');
  const { sandbox, env, withKey } = await scene();
  const result = await outboxWith(
    { ...env, OUTBOX_ENV_FILE: '/proc/version' },
    'convoy',
    'setup',
    ...withKey,
  );
  expect(result).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringMatching(/version cannot be written/),
  });
  expect(ownersOf(sandbox)).toEqual([]);
});

test.each([
  ['', 'A=1\n'],
  ['B=2', 'B=2\nA=1\n'],
  ['A=old\n# A=comment\nexport A=old\nAB=3\n', '# A=comment\nAB=3\nA=1\n'],
])('variables are set once, in the text %j', (before, after) => {
  expect(withVariables(before, { A: '1' })).toBe(after);
});

test('a value that a line could not hold as it is gets quotes', () => {
  expect(withVariables('', { A: 'a#b', B: 'say "x"' })).toBe(`A="a#b"\nB='say "x"'\n`);
});
