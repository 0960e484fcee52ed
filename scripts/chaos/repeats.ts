// Whether recorded faults explain every event that was accepted more than once. Each repeat needs one fault between its
// two acceptances, and a fault explains only so many: a maximum matching, so that a repeat is called unexplained only
// when no assignment of faults whatsoever could explain them all. Pure.

/** Two acceptances of one key, one after the other. Instants are monotonic ms. */
export interface Repeat {
  readonly key: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Something that can make events to be sent again. */
export interface Cause {
  /** Such as `kill`: how causes are counted together. */
  readonly kind: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** The most repeats it can explain. */
  readonly capacity: number;
  /** The only keys that it concerns; absent for all. */
  readonly keys?: ReadonlySet<string>;
}

export interface Explanation {
  /** Repeats that each cause explains, in the order of the causes. */
  readonly used: readonly number[];
  readonly unexplained: readonly Repeat[];
}

/**
 * Assigns repeats to causes. The repeat with the earliest second acceptance comes first and takes the most specific
 * cause with room, a fault on its own key before a kill of whoever held it; when all are full, those who came before are moved if they can
 * be (an augmenting path), which makes the result a maximum.
 */
export function explainRepeats(repeats: readonly Repeat[], causes: readonly Cause[]): Explanation {
  const assigned: Repeat[][] = causes.map(() => []);
  const unexplained = repeats
    .toSorted((a, b) => a.toMs - b.toMs)
    .filter((repeat) => !assign(repeat, { causes, assigned, seen: new Set() }));
  return { used: assigned.map((list) => list.length), unexplained };
}

interface Matching {
  readonly causes: readonly Cause[];
  /** By cause. */
  readonly assigned: Repeat[][];
  /** Causes that this search has already tried. */
  readonly seen: Set<number>;
}

function assign(repeat: Repeat, matching: Matching): boolean {
  for (const index of fitting(repeat, matching.causes)) {
    if (matching.seen.has(index)) continue;
    matching.seen.add(index);
    const taken = matching.assigned[index] ?? [];
    if (taken.length < (matching.causes[index]?.capacity ?? 0)) {
      taken.push(repeat);
      return true;
    }
    const movable = taken.findIndex((other) => assign(other, matching));
    if (movable >= 0) {
      taken[movable] = repeat;
      return true;
    }
  }
  return false;
}

/** The causes that could explain it: those that concern the fewest keys first, then by the end of their time. */
function fitting(repeat: Repeat, causes: readonly Cause[]): readonly number[] {
  return causes
    .map((cause, index) => ({ cause, index }))
    .filter(({ cause }) => cause.keys?.has(repeat.key) ?? true)
    .filter(({ cause }) => cause.fromMs <= repeat.toMs && cause.toMs >= repeat.fromMs)
    .sort((a, b) => breadth(a.cause) - breadth(b.cause) || a.cause.toMs - b.cause.toMs)
    .map(({ index }) => index);
}

function breadth({ keys }: Cause): number {
  return keys?.size ?? Number.MAX_SAFE_INTEGER;
}
