// `npm run clean`: removes what the build made, and the results of chaos. `-- --database` removes the database too, unless an application has it
// open or events are pending (`--force` removes it all the same). Plain JavaScript: it must work when nothing compiles.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const known = ['--database', '--force'];
const args = process.argv.slice(2);
const unknown = args.find((arg) => !known.includes(arg));

if (unknown !== undefined) {
  console.error(`clean: unknown option ${unknown}; it takes --database and --force`);
  process.exit(2);
}
if (args.includes('--force') && !args.includes('--database')) {
  console.error('clean: --force goes with --database');
  process.exit(2);
}
if (args.includes('--database')) await removeDatabase({ force: args.includes('--force') });
for (const output of ['build', 'prisma/generated', 'prisma/postgres/generated', 'chaos-results'])
  rmSync(path.join(root, output), { recursive: true, force: true });
console.log('removed build output and pictures of chaos');

/** The rules of what may be removed are compiled code, shared with the applications. */
async function removeDatabase(options) {
  const built = spawnSync(process.execPath, [path.join(root, 'scripts/build.mjs')], { stdio: 'inherit' });
  if (built.status !== 0) process.exit(1);
  const { cleanDatabase } = await import('../build/scripts/clean-database.js');
  const refusal = cleanDatabase(options);
  if (refusal === null) return;
  console.error(`clean: ${refusal}`);
  process.exit(1);
}
