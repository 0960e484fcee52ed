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
  const file = writeNew(path.join(folder, name), `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(`${file}.svg`, svg);
  return `Result: ${file}.json\nPicture: ${file}.svg`;
}

/** Two runs may begin in one second, and neither may cost the other its result. Returns the name that was free. */
function writeNew(wanted: string, json: string): string {
  for (let nth = 1; ; nth++) {
    const file = nth === 1 ? wanted : `${wanted}-${nth}`;
    try {
      writeFileSync(`${file}.json`, json, { flag: 'wx' });
      return file;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
}

/** An instant as it stands in names of files: 2026-01-31T12-34-56. */
export function instantName(isoDate: string): string {
  return isoDate.slice(0, 19).replaceAll(':', '-');
}
