// The head of a run's picture: the verdict in words, what ran, and the figures that decide. Pure.
import { type Colour, svgBox, svgText } from '../picture/svg.ts';
import type { ChaosResult } from './result.ts';

interface Sheet {
  readonly width: number;
  readonly margin: number;
}

export function headSvg(result: ChaosResult, { width, margin }: Sheet): readonly string[] {
  const { broken, date, command, commit, machine, node, isHeld } = result;
  const verdict = isHeld ? 'HELD' : 'BROKEN';
  const colour = isHeld ? 'green' : 'red';
  const words = isHeld ? heldWords(result) : broken.map(({ name, count }) => `${name} (${count})`).join(', ');
  const about = `${date.slice(0, 10)}, ${commit ?? 'no commit'}, Node ${node}, ${machine.cores} cores, load ${machine.loadBefore}`;
  const chip = isHeld ? 74 : 98;
  return [
    svgBox({ x: margin, y: 20, width: chip, height: 28 }, { colour }),
    svgText(
      { x: margin + chip / 2, y: 40, size: 17, isBold: true, colour: 'paper', anchor: 'middle' },
      verdict,
    ),
    svgText({ x: margin + chip + 14, y: 41, size: 19, isBold: true }, words),
    svgText({ x: margin, y: 66, size: 11, colour: 'muted' }, command),
    svgText({ x: width - margin, y: 66, size: 11, colour: 'muted', anchor: 'end' }, about),
    ...tilesOf(result).flatMap(({ value, name, colour: tint }, index, { length }) => {
      const x = margin + (index * (width - 2 * margin)) / length;
      return [
        svgText({ x, y: 104, size: 24, isBold: true, colour: tint }, value),
        svgText({ x, y: 121, size: 11, colour: 'muted' }, name),
      ];
    }),
  ];
}

function heldWords({ totals, settings }: ChaosResult): string {
  const kills = Object.values(totals.kills).reduce((sum, count) => sum + count, 0);
  return settings.soak
    ? 'nothing was lost, and nothing grew'
    : `${numberText(kills)} kills, and no event was lost`;
}

interface Tile {
  readonly value: string;
  readonly name: string;
  readonly colour: Colour;
}

function tilesOf({ totals }: ChaosResult): readonly Tile[] {
  const { committed, accepted, lost, dead, repeats, repeatsBy, healingsMs } = totals;
  const bad = (count: number): Colour => (count === 0 ? 'green' : 'red');
  const unexplained = repeatsBy.nothing ?? 0;
  const slowest = healingsMs.at(-1);
  return [
    { value: numberText(committed), name: 'committed', colour: 'ink' },
    { value: numberText(accepted), name: 'accepted', colour: 'ink' },
    { value: numberText(lost), name: 'lost', colour: bad(lost) },
    { value: numberText(dead), name: 'dead by mistake', colour: bad(dead) },
    { value: numberText(repeats), name: 'sent again', colour: 'ink' },
    { value: numberText(unexplained), name: 'of them unexplained', colour: bad(unexplained) },
    {
      value: slowest === undefined ? '-' : `${(slowest / 1_000).toFixed(1)} s`,
      name: 'slowest healing',
      colour: 'ink',
    },
  ];
}

function numberText(value: number): string {
  return value.toLocaleString('en-US');
}
