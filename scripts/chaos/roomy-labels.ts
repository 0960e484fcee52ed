// Which spans of a run's picture get their name above them, and where it stands: none runs into another or out of the picture. Pure.
import { type Field, xOf } from './plot.ts';
import type { Span } from './record.ts';

interface Label {
  /** Where its middle stands, in pixels. */
  readonly x: number;
  readonly text: string;
}

/** The fonts of the pictures are at most so wide a letter at 11 pixels, the space to the next label included. */
const letterWidth = 7;

/**
 * Each name once where it has room, then the others, the widest spans first. A name that has no room beside those is left
 * out; its colour says the same.
 */
export function roomyLabels(
  field: Field,
  spans: readonly (Span & { readonly text: string })[],
): readonly Label[] {
  const placed: Label[] = [];
  const place = ({ fromMs, toMs, text }: Span & { readonly text: string }): boolean => {
    const half = widthOf(text) / 2;
    const middle = xOf(field, (fromMs + toMs) / 2);
    const x = Math.min(Math.max(middle, field.left + half), field.left + field.width - half);
    const isFree = placed.every((other) => Math.abs(other.x - x) >= half + widthOf(other.text) / 2);
    if (isFree) placed.push({ x, text });
    return isFree;
  };
  const widest = spans.toSorted((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs));
  for (const name of new Set(widest.map(({ text }) => text))) {
    widest.filter(({ text }) => text === name).some(place);
  }
  for (const span of widest) place(span);
  return placed;
}

const widthOf = (text: string) => text.length * letterWidth;
