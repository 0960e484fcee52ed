// CPU time of a server of many processes on this machine: of its first process, of that one's living children, and of those that have
// ended. From /proc, to a hundredth of a second; elsewhere, and of a server on another machine, nobody tells.
import { readdirSync, readFileSync } from 'node:fs';

const msPerTick = 10;

/** So far, ms, of the server to which the process `pid` belongs, if that is called `name`; null when it cannot be seen. */
export function serverUsage(pid: number, name: string): number | null {
  const child = statOf(pid);
  if (child === null || child.name !== name) return null;
  const first = statOf(child.parent);
  if (first === null || first.name !== name) return null;
  const children = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => statOf(Number(entry)))
    .filter((stat) => stat?.parent === child.parent);
  const ticks = children.reduce(
    (sum, stat) => sum + (stat?.ownTicks ?? 0),
    first.ownTicks + first.endedTicks,
  );
  return ticks * msPerTick;
}

function statOf(pid: number) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold blanks and brackets; what follows its last bracket does not.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = (index: number) => Number(fields[index]);
    return {
      name: text.slice(text.indexOf('(') + 1, text.lastIndexOf(')')),
      parent: Number(fields[1]),
      ownTicks: ticks(11) + ticks(12),
      endedTicks: ticks(13) + ticks(14),
    };
  } catch {
    return null;
  }
}
