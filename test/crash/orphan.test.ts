// What becomes of the processes of a world when whoever runs the tests is killed.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { spawnNode, tempDirectory, waitFor } from '../helpers.ts';

test('an armed process ends when its parent was killed', async () => {
  const folder = tempDirectory();
  const armed = path.join(import.meta.dirname, 'armed-crash-point.mjs');
  const runner = path.join(folder, 'runner.mjs');
  writeFileSync(
    runner,
    `import { spawn } from 'node:child_process';
     const code = ${JSON.stringify(`import(${JSON.stringify(armed)}).then(() => setInterval(() => {}, 1_000))`)};
     const env = { ...process.env, CRASH_ORDER: 'none', CRASH_RUNNER: String(process.pid) };
     const child = spawn(process.execPath, ['-e', code], { stdio: 'ignore', env });
     process.stdout.write(String(child.pid) + '\\n');
     setInterval(() => {}, 1_000);`,
  );
  const node = spawnNode(runner);
  const pid = await waitFor('the child', () => Number(/^(\d+)\n/.exec(node.stdout)?.[1] ?? 0) || null);
  onTestFinished(() => void (isThere(pid) && process.kill(pid, 'SIGKILL')));
  expect(isThere(pid)).toBe(true);
  node.child.kill('SIGKILL');
  await waitFor('its end', () => !isThere(pid));
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
