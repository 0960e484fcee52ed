// Where long runs leave their results: a JSON file, and beside it its picture under the same name.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface ResultFiles {
  /** Absolute; made if need be. */
  readonly folder: string;
  /** Of both files, without their endings. */
  readonly name: string;
  readonly result: unknown;
  readonly svg: string;
}

/** Writes both and returns two lines that say where they are. Throws what the file system says. */
export function writeResultFiles({ folder, name, result, svg }: ResultFiles): string {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, name);
  writeFileSync(`${file}.json`, `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(`${file}.svg`, svg);
  return `Result: ${file}.json\nPicture: ${file}.svg`;
}

/** An instant as it stands in names of files: 2026-01-31T12-34-56. */
export function instantName(isoDate: string): string {
  return isoDate.slice(0, 19).replaceAll(':', '-');
}
