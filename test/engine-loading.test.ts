// An application pays only for the engine that it uses: on SQLite nothing of PostgreSQL's client is loaded.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot, spawnNode, tempDirectory } from './helpers.ts';
import { newDatabaseFile } from './outbox-database.ts';

/** What a process that does this has loaded of `pg`. */
async function loadedBy(statements: string): Promise<string> {
  const script = path.join(tempDirectory(), 'app.mjs');
  const outbox = path.join(projectRoot, 'build', 'apps', 'outbox');
  writeFileSync(
    script,
    `import Module from 'node:module';
     const { checkDatabase, openOutboxClient } = await import('${outbox}/index.js');
     ${statements}
     console.log(Object.keys(Module._cache).filter((name) => name.includes('/node_modules/pg/')).length > 0);`,
  );
  const child = spawnNode(script);
  expect([await child.exited, child.stderr]).toEqual([0, '']);
  return child.stdout.trim();
}

test('an application on SQLite loads nothing of PostgreSQL, and one on PostgreSQL does', async () => {
  const open = (url: string) =>
    `await openOutboxClient({ url: '${url}' }, (adapter) => ({ $connect: async () => void (await (await adapter.connect()).dispose()) }))`;
  const file = newDatabaseFile();
  expect(await loadedBy(`await checkDatabase('${file}'); ${open(file)};`)).toBe('false');
  expect(await loadedBy(`await ${open('postgres://127.0.0.1:1/x')}.catch(() => {});`)).toBe('true');
});
