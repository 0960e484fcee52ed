// Who may read the files: their owner and nobody else, whatever the umask says.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { placeFor, quietSandbox } from './both-apps.ts';
import { projectRoot, waitFor } from './helpers.ts';

test('every file of a new database is readable by its owner only, with a umask of 0', async () => {
  const place = placeFor(await quietSandbox());
  rmSync(place.file);
  const folder = path.dirname(place.file);
  const main = (app: string) => path.join(projectRoot, 'build', 'apps', app, 'main.js');
  for (const [app, args] of [
    ['ingester', '--rate 20ms'],
    ['relayer', '--poll-interval 50ms'],
  ] as const) {
    const command = `umask 0; exec "${process.execPath}" "${main(app)}" ${args}`;
    const child = spawn('sh', ['-c', command], { env: place.env, stdio: 'ignore' });
    onTestFinished(async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    });
  }
  const expected = ['events.db', 'events.db-shm', 'events.db-wal', 'events.db.relayer-00.lock'];
  await waitFor('both run', () => expected.every((name) => readdirSync(folder).includes(name)));
  const modes = readdirSync(folder).flatMap((name) => {
    const status = statSync(path.join(folder, name), { throwIfNoEntry: false });
    return status === undefined ? [] : [`${name} ${(status.mode & 0o777).toString(8)}`];
  });
  expect(modes.filter((line) => !line.endsWith(' 600'))).toEqual([]);
  expect(modes.length).toBeGreaterThanOrEqual(expected.length);
});
