// Loads a package from the folder in which a peer is installed: never from this project, whose dependencies the peers are not.
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** The module of that name. The caller says what of it it uses. */
export async function load<Module>(folder: string, name: string): Promise<Module> {
  const require = createRequire(path.join(folder, 'package.json'));
  return (await import(pathToFileURL(require.resolve(name)).href)) as Module;
}
