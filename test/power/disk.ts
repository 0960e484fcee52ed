// A disk as seen after a power cut. What was synced is there; of everything else, any part may be: each sector of each
// file holds what it held at some moment since the last sync, whichever moment that was for its neighbours.

import { type Change, type FileContent, pictureOf, type SectorChoice } from './sectors.ts';
import type { Call } from './trace.ts';

interface Pending {
  readonly change: Change;
  /** Whether the call had returned: only then does a later sync cover it. */
  isDone: boolean;
}

interface Inode {
  durable: FileContent;
  pending: Pending[];
}

type Naming = { readonly kind: 'create' | 'remove'; readonly name: string; readonly inode: Inode };

/** What a power cut makes of everything that no sync had covered. */
export interface Fate {
  /** How many of the unsynced creations and removals of files count. */
  names(pending: number): number;
  /** Asked once per file. */
  file(pending: number): SectorChoice;
}

/** Plays the calls of a trace in their order, and shows what a power cut would leave at any moment. */
export class Disk {
  /** Names as the processes see them, and as the disk has them for certain. */
  readonly #current = new Map<string, Inode>();
  readonly #durable = new Map<string, Inode>();
  #pendingNames: Naming[] = [];
  readonly #underWay = new Map<Call, () => void>();

  begin(call: Call): void {
    const { does } = call;
    if (does.kind === 'write' || does.kind === 'truncate') {
      const pending: Pending = { change: does, isDone: false };
      this.#inode(does.file).pending.push(pending);
      this.#underWay.set(call, () => {
        pending.isDone = true;
      });
    } else if (does.kind === 'sync') {
      this.#underWay.set(call, does.file === '.' ? this.#syncNames() : this.#syncFile(does.file));
    }
  }

  end(call: Call): void {
    const { does } = call;
    this.#underWay.get(call)?.();
    this.#underWay.delete(call);
    if (does.kind === 'create' && !this.#current.has(does.file)) {
      const inode: Inode = { durable: Buffer.alloc(0), pending: [] };
      this.#current.set(does.file, inode);
      this.#pendingNames.push({ kind: 'create', name: does.file, inode });
    } else if (does.kind === 'remove') {
      this.#pendingNames.push({ kind: 'remove', name: does.file, inode: this.#inode(does.file) });
      this.#current.delete(does.file);
    }
  }

  /** The files as a power cut at this moment could leave them. */
  afterPowerCut(fate: Fate): ReadonlyMap<string, Buffer> {
    const names = new Map(this.#durable);
    for (const naming of this.#pendingNames.slice(0, fate.names(this.#pendingNames.length))) {
      rename(names, naming);
    }
    return new Map([...names].map(([name, inode]) => [name, picture(inode, fate)]));
  }

  /** What a sync covers is fixed when it begins, and certain when it returns. */
  #syncFile(file: string): () => void {
    const inode = this.#inode(file);
    const covered = inode.pending.filter(({ isDone }) => isDone);
    return () => {
      inode.durable = pictureOf(
        inode.durable,
        covered.map(({ change }) => change),
      );
      inode.pending = inode.pending.filter((pending) => !covered.includes(pending));
    };
  }

  #syncNames(): () => void {
    const covered = [...this.#pendingNames];
    return () => {
      for (const naming of covered) rename(this.#durable, naming);
      this.#pendingNames = this.#pendingNames.filter((naming) => !covered.includes(naming));
    };
  }

  #inode(file: string): Inode {
    const inode = this.#current.get(file);
    if (inode === undefined) throw new Error(`the trace changes ${file} before it was created`);
    return inode;
  }
}

function rename(names: Map<string, Inode>, { kind, name, inode }: Naming): void {
  if (kind === 'create') names.set(name, inode);
  else names.delete(name);
}

function picture({ durable, pending }: Inode, fate: Fate): Buffer {
  return pictureOf(
    durable,
    pending.map(({ change }) => change),
    fate.file(pending.length),
  );
}
