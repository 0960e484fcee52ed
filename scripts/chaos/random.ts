// Chance that a seed repeats. Each concern draws from a stream of its own, so that how often one of them draws, which
// depends on timing, does not change what the others get.

export interface Random {
  /** At least 0, less than 1. */
  next(): number;
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number;
  /** One of `choices`, each as likely as its weight says. Throws when there is none. */
  pick<Choice extends { readonly weight: number }>(choices: readonly Choice[]): Choice;
}

/**
 * Draws from a pack that holds each card as often as its weight (whole numbers) says, shuffled, and again from a new one
 * when it is used up: nothing stays away for long, however the dice fall.
 */
export function createDeck<Card extends { readonly weight: number }>(
  random: Random,
  cards: readonly Card[],
): () => Card {
  let left: Card[] = [];
  return () => {
    if (left.length === 0) left = cards.flatMap((card) => Array<Card>(card.weight).fill(card));
    const [drawn] = left.splice(random.between(0, left.length - 1), 1);
    if (drawn === undefined) throw new RangeError('there is nothing to draw from');
    return drawn;
  };
}

/** The stream of that name under that seed (32 bits). */
export function createRandom(seed: number, stream: string): Random {
  let state = (seed ^ hashOf(stream)) >>> 0;
  // Mulberry32: 32 bits of state, passes the usual tests, and fits in four lines.
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  return {
    next,
    between: (min, max) => min + Math.floor(next() * (max - min + 1)),
    pick(choices) {
      const total = choices.reduce((sum, { weight }) => sum + weight, 0);
      let left = next() * total;
      const chosen = choices.find(({ weight }) => {
        left -= weight;
        return left < 0;
      });
      const picked = chosen ?? choices.at(-1);
      if (picked === undefined) throw new RangeError('there is nothing to pick from');
      return picked;
    },
  };
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
