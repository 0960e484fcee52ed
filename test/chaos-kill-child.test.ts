// Chaos kills processes of a server, which must be there to be killed: the run waits for what the server does then.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { killChild } from '../scripts/chaos/postgres/kill-child.ts';
import { waitFor } from './helpers.ts';

function shown(what: 'comm' | 'stat', pid: number): string {
  return spawnSync('ps', ['-o', `${what}=`, '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
}

/** A process that never looks at how its child ends, and the child. */
async function family() {
  const parent = spawn('sh', ['-c', 'sleep 30 & echo $!; exec sleep 30'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const pid = parent.pid ?? 0;
  const [said] = (await once(parent.stdout, 'data')) as [Buffer];
  const child = Number(said);
  onTestFinished(() => {
    for (const each of [child, pid]) if (shown('stat', each) !== '') process.kill(each, 'SIGKILL');
  });
  await waitFor('the shell to be gone', () => shown('comm', pid).endsWith('sleep'));
  return { parent: pid, child };
}

test('a child that runs is killed, and a stranger is not', async () => {
  const { parent, child } = await family();
  expect(killChild(child, process.pid)).toBe(false);
  expect(killChild(child, null)).toBe(false);
  expect(killChild(child, parent)).toBe(true);
});

test('a child that has ended already is not killed, though it can still be sent a signal', async () => {
  const { parent, child } = await family();
  process.kill(child, 'SIGTERM');
  await waitFor('the child to end', () => shown('stat', child).startsWith('Z'));
  expect(process.kill(child, 0)).toBe(true);
  expect(killChild(child, parent)).toBe(false);
});
