// Options that are lists: of names, and of numbers.
import type { Parsed } from '../../apps/outbox/flag.ts';
import { peerNames } from './peers/peer-list.ts';

/** In their own order, whatever the list's. */
export function someOf<Name extends string>(
  names: readonly Name[],
): (list: string) => Parsed<readonly Name[]> {
  return (list) => {
    const asked = list.split(',').map((name) => name.trim());
    const known = names.filter((name) => asked.includes(name));
    return known.length === new Set(asked).size
      ? { kind: 'value', value: known }
      : { kind: 'expected', text: `some of ${names.join(',')}` };
  };
}

export function risingNumbers(list: string): Parsed<readonly number[]> {
  const numbers = list.split(',').map((text) => (/^\d{1,8}$/.test(text.trim()) ? Number(text) : 0));
  const isRising = numbers.every((number, index) => number > (numbers[index - 1] ?? 0));
  return isRising
    ? { kind: 'value', value: numbers }
    : { kind: 'expected', text: 'whole numbers from 1 to 99999999, each larger than the one before' };
}

/** Without a list it means all. */
export const somePeers = (list: string): Parsed<readonly string[]> =>
  list === '' ? { kind: 'value', value: peerNames } : someOf(peerNames)(list);
