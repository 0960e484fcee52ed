// How long PM2 waits for a relayer to stop: longer than that one drains, whatever is set.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { relayerFlags } from '../apps/relayer/config.ts';
import { killTimeoutMs } from '../scripts/outbox/kill-timeout.ts';
import { projectRoot, tempDirectory } from './helpers.ts';

test.each([
  [undefined, 8_000],
  [relayerFlags['drain-timeout'].default, 8_000],
  ['0', 8_000],
  ['5500ms', 8_500],
  ['30s', 33_000],
  ['1h', 3_603_000],
  ['soon', 8_000],
  ['2h', 8_000],
])('RELAYER_DRAIN_TIMEOUT=%s makes PM2 wait %i ms', (given, waitMs) => {
  expect(killTimeoutMs(given === undefined ? {} : { RELAYER_DRAIN_TIMEOUT: given })).toBe(waitMs);
});

test('the ecosystem file takes it from .env, for the relayer alone', () => {
  const file = path.join(tempDirectory(), 'env');
  writeFileSync(file, 'RELAYER_DRAIN_TIMEOUT=30s\n');
  const script = `import('./ecosystem.config.js').then(({ apps }) =>
    console.log(JSON.stringify(Object.fromEntries(apps.map((app) => [app.name, app.kill_timeout])))))`;
  const env = { PATH: process.env.PATH, OUTBOX_ENV_FILE: file };
  const { stdout } = spawnSync(process.execPath, ['-e', script], { cwd: projectRoot, env, encoding: 'utf8' });
  expect(JSON.parse(stdout)).toEqual({ sandbox: 8_000, relayer: 33_000, ingester: 8_000 });
});
