// The model of the disk itself: what a sync makes certain, and what it does not.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempDirectory } from '../helpers.ts';
import { seededRandom } from '../seeded-random.ts';
import { Disk, type Fate } from './disk.ts';
import { dropsAll, keepsAll, randomFate } from './fates.ts';
import { type Call, type Deed, readTrace } from './trace.ts';

const file = 'events.db';
const create: Deed = { kind: 'create', file };
const sync: Deed = { kind: 'sync', file };
const syncFolder: Deed = { kind: 'sync', file: '.' };
const write = (text: string, offsetBytes = 0): Deed => ({
  kind: 'write',
  file,
  offsetBytes,
  bytes: Buffer.from(text),
});

function diskAfter(...deeds: readonly Deed[]): Disk {
  const disk = new Disk();
  for (const does of deeds) {
    const call: Call = { beganAt: 0, endedAt: 0, does };
    disk.begin(call);
    disk.end(call);
  }
  return disk;
}

const left = (disk: Disk, fate: Fate) => disk.afterPowerCut(fate).get(file)?.toString();

/** Every content that many seeded power cuts leave. */
function everyContent(disk: Disk, cuts = 2_000): Set<string | undefined> {
  const random = seededRandom(1);
  return new Set(Array.from({ length: cuts }, () => left(disk, randomFate(random))));
}

describe('after a power cut', () => {
  test('a file whose folder was not synced may be gone, whatever was synced in it', () => {
    const disk = diskAfter(create, write('a'), sync);
    expect(left(disk, dropsAll)).toBeUndefined();
    expect(left(disk, keepsAll)).toBe('a');
  });

  test('what was synced is there, whatever the fate', () => {
    expect(everyContent(diskAfter(create, syncFolder, write('ab'), sync))).toEqual(new Set(['ab']));
  });

  test('what was not synced is there, or is not', () => {
    const disk = diskAfter(create, syncFolder, write('ab'), sync, write('cd'));
    expect(everyContent(disk)).toEqual(new Set(['ab', 'cd']));
  });

  test('a later write may be there without an earlier one, and a file longer than what was written', () => {
    const disk = diskAfter(create, syncFolder, write('a'), write('b', 4_096));
    const contents = [...everyContent(disk)];
    expect(contents).toContain(`${'\0'.repeat(4_096)}b`);
    expect(contents).toContain('\0'.repeat(4_097));
    expect(contents).toContain('');
  });

  test('a write is torn between sectors, never inside one', () => {
    const disk = diskAfter(create, syncFolder, write('a'.repeat(1_024)), sync, write('b'.repeat(1_024)));
    const [a, b] = ['a'.repeat(512), 'b'.repeat(512)];
    expect(everyContent(disk)).toEqual(new Set([a + a, a + b, b + a, b + b]));
  });

  test('a truncation that was not synced may not have happened', () => {
    const disk = diskAfter(create, syncFolder, write('abc'), sync, { kind: 'truncate', file, sizeBytes: 1 });
    expect([...everyContent(disk)].sort()).toEqual(['a', 'a\0\0', 'abc']);
  });

  test('a sync covers only what was written before it began', () => {
    const disk = diskAfter(create, syncFolder);
    const syncing: Call = { beganAt: 1, endedAt: 4, does: sync };
    const writing: Call = { beganAt: 2, endedAt: 3, does: write('late') };
    disk.begin(syncing);
    disk.begin(writing);
    disk.end(writing);
    disk.end(syncing);
    expect(left(disk, dropsAll)).toBe('');
  });
});

describe('a trace', () => {
  const read = (...lines: readonly string[]) => {
    const traceFile = path.join(tempDirectory(), 'trace');
    writeFileSync(traceFile, `${lines.join('\n')}\n`);
    return readTrace(traceFile, '/db');
  };

  test('is read with calls that were interrupted by others, and without failed and foreign ones', async () => {
    const calls = await read(
      '7 openat(AT_FDCWD</>, "/db/events.db", O_RDWR|O_CREAT, 0600) = 3</db/events.db>',
      '7 pwrite64(3</db/events.db>, "\\x00\\x41", 2, 512 <unfinished ...>',
      '8 write(4</db/journal>, "id-1\\n", 5) = 5',
      '8 write(1</elsewhere/out>, "x", 1) = 1',
      '7 <... pwrite64 resumed>) = 2',
      '7 fsync(3</db/events.db>) = -1 EIO (Input/output error)',
      '7 pwrite64(5</db/events.db-shm>, "\\x00", 1, 0) = 1',
    );
    expect(calls.map(({ does }) => does)).toEqual([
      { kind: 'create', file },
      { kind: 'write', file, offsetBytes: 512, bytes: Buffer.from([0, 0x41]) },
      { kind: 'acknowledge', id: 'id-1' },
    ]);
    expect(calls[1]?.endedAt).toBeGreaterThan(calls[2]?.endedAt ?? Infinity);
  });

  test('with a call that the model does not know is refused', async () => {
    await expect(read('7 fallocate(3</db/events.db>, 0, 0, 4096) = 0')).rejects.toThrow(
      'the trace holds fallocate on events.db, which the disk model does not know',
    );
  });
});
