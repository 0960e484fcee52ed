// Before the first test: the compiled applications that the process tests start are those of this source.
import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** Builds whatever is stale. Throws with the compiler's own words when it cannot. */
export default function buildOnce(): void {
  const root = path.dirname(import.meta.dirname);
  const build = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, encoding: 'utf8' });
  if (build.status !== 0) throw new Error(`the build failed:\n${build.stdout}${build.stderr}`);
}
