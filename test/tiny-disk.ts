// A disk of 8 MiB, for tests that fill it. It is a tmpfs, so it needs root; elsewhere the tests say that they skipped.
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

export interface TinyDisk {
  readonly folder: string;
  /** Leaves not one free block. */
  fill(): void;
  /** Gives back what `fill` took. */
  free(): void;
  /** Makes everything on it read-only, or writable again; fails while a file is open for writing. */
  remount(mode: 'ro' | 'rw'): void;
}

/** Why no disk can be mounted here, or null. */
export function whyNoMount(): string | null {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'mounting a small disk needs root';
  const folder = mkdtempSync(path.join(tmpdir(), 'outbox-mount-'));
  const { status } = mount(['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
  if (status === 0) spawnSync('umount', [folder]);
  rmdirSync(folder);
  return status === 0 ? null : 'this machine does not let root mount a small disk';
}

/** Mounts a disk, unmounted when the test has finished. */
export function tinyDisk(): TinyDisk {
  const folder = mkdtempSync(path.join(tmpdir(), 'outbox-disk-'));
  const { status, stderr } = mount(['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder]);
  if (status !== 0) throw new Error(`mount: ${stderr}`);
  onTestFinished(() => {
    spawnSync('umount', ['--lazy', folder]);
    rmdirSync(folder);
  });
  const filler = path.join(folder, 'filler');
  return {
    folder,
    fill() {
      try {
        for (;;) appendFileSync(filler, Buffer.alloc(4_096));
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      }
    },
    free: () => rmSync(filler),
    remount(mode) {
      const result = mount(['-o', `remount,${mode}`, folder]);
      if (result.status !== 0) throw new Error(`mount: ${result.stderr}`);
    },
  };
}

function mount(args: readonly string[]) {
  return spawnSync('mount', args, { encoding: 'utf8' });
}
