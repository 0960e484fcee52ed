// What a file holds after some of its writes reached the disk and others did not. The disk writes whole sectors, each as
// the page cache had it at one moment; so a picture is, for each sector, the number of changes it has seen.

export type FileContent = Buffer;

export type Change =
  | { readonly kind: 'write'; readonly offsetBytes: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly sizeBytes: number };

export interface SectorChoice {
  readonly sectorBytes: number;
  /** How many of the changes (in order) the sector has seen. */
  seenBy(sector: number): number;
  /** How many of the changes the file's size has seen. */
  readonly seenBySize: number;
}

/** A choice that has seen everything. */
const everything: SectorChoice = { sectorBytes: 4096, seenBy: () => Infinity, seenBySize: Infinity };

/** The content after `changes`, as far as each sector has seen them; without a choice, after all of them. */
export function pictureOf(
  before: FileContent,
  changes: readonly Change[],
  choice: SectorChoice = everything,
): FileContent {
  const sizesBytes = sizes(before.length, changes);
  const picture = Buffer.alloc(Math.max(...sizesBytes));
  before.copy(picture);
  const seen = memo(choice.seenBy);
  for (const [index, change] of changes.entries()) {
    const toBytes = change.kind === 'write' ? change.offsetBytes + change.bytes.length : picture.length;
    const fromBytes = change.kind === 'write' ? change.offsetBytes : change.sizeBytes;
    for (let start = fromBytes; start < toBytes; ) {
      const sector = Math.floor(start / choice.sectorBytes);
      const end = Math.min(toBytes, (sector + 1) * choice.sectorBytes);
      if (seen(sector) > index) apply(picture, change, start, end);
      start = end;
    }
  }
  return picture.subarray(0, sizesBytes[Math.min(choice.seenBySize, changes.length)]);
}

function apply(picture: Buffer, change: Change, start: number, end: number): void {
  if (change.kind === 'truncate') picture.fill(0, start, end);
  else change.bytes.copy(picture, start, start - change.offsetBytes, end - change.offsetBytes);
}

/** The size before any change, and after each. */
function sizes(beforeBytes: number, changes: readonly Change[]): number[] {
  const all = [beforeBytes];
  for (const change of changes) {
    const lastBytes = all.at(-1) ?? 0;
    all.push(
      change.kind === 'truncate'
        ? change.sizeBytes
        : Math.max(lastBytes, change.offsetBytes + change.bytes.length),
    );
  }
  return all;
}

/** A sector is decided once. */
function memo(decide: (sector: number) => number): (sector: number) => number {
  const decided = new Map<number, number>();
  return (sector) => {
    const known = decided.get(sector) ?? decide(sector);
    decided.set(sector, known);
    return known;
  };
}
