// A copy of the build in which one file is another: crash-point.js, which does nothing, becomes one that strikes when
// ordered to. A copy and not a loader hook: a hook adds 0.14 s of CPU to the 0.37 s of each start (measured), and a run starts
// about a hundred processes.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { projectRoot, tempDirectory } from '../helpers.ts';

/** Where the module lies in a build. */
export const crashPointFile = path.join('apps', 'outbox', 'crash-point.js');

/**
 * Makes the copy and returns its folder, which stands for the project's. Throws when there is nothing to replace, or
 * something that does more than nothing: then no crash point would be what these tests take it for.
 */
export function armedBuild(build = path.join(projectRoot, 'build')): string {
  const replaced = path.join(build, crashPointFile);
  if (!existsSync(replaced))
    throw new Error(`there is no ${crashPointFile} in the build: nothing can be armed`);
  if (!doesNothing(readFileSync(replaced, 'utf8'))) {
    throw new Error(`${crashPointFile} in the build is not the one function that does nothing`);
  }
  const root = tempDirectory();
  cpSync(build, path.join(root, 'build'), { recursive: true });
  copyFileSync(
    path.join(import.meta.dirname, 'armed-crash-point.mjs'),
    path.join(root, 'build', crashPointFile),
  );
  copyFileSync(path.join(projectRoot, 'package.json'), path.join(root, 'package.json'));
  for (const shared of ['node_modules', 'prisma']) {
    symlinkSync(path.join(projectRoot, shared), path.join(root, shared));
  }
  bundleAgain(path.join(root, 'build'));
  return root;
}

/** The relayer runs as one file, which has the module inside. */
function bundleAgain(build: string): void {
  const bundle = path.join(projectRoot, 'scripts', 'bundle.mjs');
  const result = spawnSync(process.execPath, [bundle, build], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`the armed relayer could not be bundled: ${result.stderr}`);
}

/** Whether the code of a module, its comments aside, is the function `crashPoint` with an empty body and no more. */
export function doesNothing(code: string): boolean {
  const bare = code.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '').trim();
  return /^export function crashPoint\(\w+\) \{\s*\}$/.test(bare);
}
