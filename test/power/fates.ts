// The fates that the harness deals out: nothing unsynced survives, everything does, or each file by itself loses a tail,
// or an arbitrary choice of sectors. Seeded.
import type { Fate } from './disk.ts';
import type { SectorChoice } from './sectors.ts';

/** A fate with its name, for the message of a failure. */
export interface NamedFate extends Fate {
  readonly name: string;
}

const sectorSizesBytes = [512, 4096] as const;
const nothing: SectorChoice = { sectorBytes: 4096, seenBy: () => 0, seenBySize: 0 };
const everything: SectorChoice = { sectorBytes: 4096, seenBy: () => Infinity, seenBySize: Infinity };

/** A disk that had written nothing of its own accord. */
export const dropsAll: NamedFate = { name: 'dropped', names: () => 0, file: () => nothing };
/** A disk that had just caught up. */
export const keepsAll: NamedFate = { name: 'kept', names: (pending) => pending, file: () => everything };

/** Decides for each file by itself; the names are a prefix, since file systems keep a journal of them. */
export function randomFate(random: () => number): NamedFate {
  const upTo = (most: number) => Math.floor(random() * (most + 1));
  const styles: readonly ((pending: number) => SectorChoice)[] = [
    () => nothing,
    () => everything,
    (pending) => torn(upTo(pending), random, oneOf(sectorSizesBytes, random)),
    (pending) => shuffled(pending, upTo, oneOf(sectorSizesBytes, random)),
    (pending) => shuffled(pending, upTo, oneOf(sectorSizesBytes, random)),
  ];
  return { name: 'random', names: upTo, file: (pending) => oneOf(styles, random)(pending) };
}

/** The first changes whole, the next one only in some of its sectors. */
function torn(changes: number, random: () => number, sectorBytes: number): SectorChoice {
  return {
    sectorBytes,
    seenBy: () => (random() < 0.5 ? changes + 1 : changes),
    seenBySize: random() < 0.5 ? changes + 1 : changes,
  };
}

function shuffled(pending: number, upTo: (most: number) => number, sectorBytes: number): SectorChoice {
  return { sectorBytes, seenBy: () => upTo(pending), seenBySize: upTo(pending) };
}

function oneOf<Item>(items: readonly Item[], random: () => number): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('random() returned something outside 0 to 1');
  return item;
}
