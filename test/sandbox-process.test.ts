import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readLedger } from '../scripts/sandbox/ledger-reader.ts';
import { projectRoot, type SpawnedNode, spawnNode, tempDirectory, waitFor } from './helpers.ts';
import { call, codeOf, eventBody, post, quickSandbox } from './sandbox-client.ts';

const entry = path.join(projectRoot, 'build/scripts/sandbox/main.js');

/** The real process. */
function launch(args: readonly string[]): SpawnedNode {
  const env = { ...process.env, SANDBOX_PORT: '', SANDBOX_LEDGER: '', SANDBOX_API_KEY: '' };
  return spawnNode(entry, args, { env, ipc: true });
}

/** A process that has said `ready`, and its address. */
async function running(args: readonly string[]): Promise<SpawnedNode & { readonly url: string }> {
  const spawned = launch(['--port', '0', ...args]);
  const [message] = await once(spawned.child, 'message');
  expect(message).toBe('ready');
  const url = await waitFor('the address is logged', () => /url=(\S+)/.exec(spawned.stdout)?.[1]);
  return Object.assign(spawned, { url });
}

function send(url: string, key: string) {
  const headers = { Authorization: 'Bearer sandbox-key', 'Content-Type': 'application/json' };
  return call(`${url}/v1/projects/sandbox/events/fanout`, { method: 'POST', headers, body: eventBody(key) });
}

describe('the sandbox as a process', () => {
  test('it says that it is not Convoy, reports ready, and ends with exit code 0 on SIGTERM', async () => {
    const sandbox = await running([]);
    expect(sandbox.stdout).toContain('this is a local stand-in, NOT Convoy: nothing leaves this machine');
    expect(sandbox.stdout).not.toContain('sandbox-key');
    sandbox.child.kill('SIGTERM');
    expect(await sandbox.exited).toBe(0);
  });

  test('losing its supervisor ends it with exit code 0', async () => {
    // Not spawnNode: after a disconnect Node never reports the child's pipes as closed, which that waits for.
    const child = spawn(process.execPath, [entry, '--port', '0'], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    await once(child, 'message');
    child.disconnect();
    expect(await exited).toEqual([0, null]);
  });

  test('every answered event is in the ledger after kill -9, and known again to the next process', async () => {
    const ledger = path.join(tempDirectory(), 'ledger.jsonl');
    const { child, url, exited } = await running(['--ledger', ledger]);
    const answered = new Set<string>();
    const posts = Array.from({ length: 400 }, async (_, n) => {
      const answer = await send(url, `k${n}`).catch(() => null);
      if (answer?.status === 201) answered.add(`k${n}`);
    });
    await waitFor('some are answered', () => answered.size >= 50);
    child.kill('SIGKILL');
    await Promise.all([exited, ...posts]);
    const keys = new Set(readLedger(ledger).accepted.map(({ key }) => key));
    expect([...answered].filter((key) => !keys.has(key))).toEqual([]);
    expect(readLedger(ledger).tornLines).toBeLessThanOrEqual(1);
    const again = await running(['--ledger', ledger]);
    const [known = ''] = answered;
    expect((await send(again.url, known)).text).toContain('Duplicate event received');
    expect(readLedger(ledger).accepted.at(-1)).toMatchObject({ key: known, nth: 2, answer: 'duplicate' });
  });

  test('faults are switched over HTTP', async () => {
    const { url } = await running([]);
    const faults = url.replace(/\/api$/, '/_sandbox/faults');
    const body = '{"kind":"reset-after-accepting","remaining":1}';
    expect((await call(faults, { method: 'POST', body })).status).toBe(201);
    expect(await codeOf(send(url, 'k'))).toBe('ECONNRESET');
    expect((await send(url, 'k')).status).toBe(201);
  });

  test('a port in use ends it with exit code 2 and one line that says what to do', async () => {
    const other = await quickSandbox();
    const refused = launch(['--port', String(other.port)]);
    expect(await refused.exited).toBe(2);
    expect(refused.stdout).toBe('');
    expect(refused.stderr).toMatch(
      /^port \d+ on 127\.0\.0\.1 is in use: stop .* or choose another port.*\n$/,
    );
  });

  test('a bad flag and a ledger that cannot be opened end it with exit code 2', async () => {
    for (const [args, reason] of [
      [['--port', 'x'], '--port: expected a whole number'],
      [['--ledger', '/nowhere/at/all.jsonl'], 'cannot be opened'],
    ] as const) {
      const refused = launch(args);
      expect(await refused.exited).toBe(2);
      expect(refused.stderr).toContain(reason);
    }
  });

  test('a closed output does not end it', async () => {
    const { child, url } = await running([]);
    child.stdout?.destroy();
    child.stderr?.destroy();
    for (const key of ['k1', 'k2', 'k3']) expect((await send(url, key)).status).toBe(201);
    expect(child.exitCode).toBe(null);
  });
});

test('an embedded sandbox refuses a port in use with an error that has a code', async () => {
  const other = await quickSandbox();
  expect(await codeOf(quickSandbox({ port: other.port }))).toBe('ERR_OUTBOX_CONFIG');
  expect((await post(other, eventBody('k'))).status).toBe(201);
});
