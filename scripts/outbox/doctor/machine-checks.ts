// What the doctor asks of the machine: Node, the file and its folder, the file system, room on the disk. It opens nothing.
import { accessSync, constants, type Stats, statfsSync, statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { compareVersions } from '../../../apps/outbox/sqlite/connection.ts';
import { sizeOf } from '../../../apps/outbox/sqlite/quiet-read.ts';
import { bytesText } from '../wording.ts';
import { caution, type Finding, ok, unknown, wrong } from './finding.ts';

const oldestNode = '20.19.0';

export function checkNode(): Finding {
  const version = process.versions.node;
  return compareVersions(version, oldestNode) < 0
    ? wrong('node', `Node ${version} runs this command`, `install Node ${oldestNode} or later`)
    : ok('node', `Node ${version}`);
}

/** The file's owner and mode, and whether this user could run an application on it. */
export function checkPermissions(file: string): Finding {
  const stats = statSync(file);
  const mode = (stats.mode & 0o777).toString(8);
  for (const needed of [path.dirname(file), file]) {
    if (!isWritable(needed)) {
      return wrong(
        'permissions',
        `${needed} is not writable for this user (uid ${process.getuid?.()}, the file is owned by ${stats.uid})`,
        'run this as the user of the applications, or give the file and its folder to that user',
      );
    }
  }
  if ((stats.mode & 0o077) !== 0)
    return caution('permissions', `mode ${mode}: others may open it`, `chmod 600 ${file}`);
  return isOthers(stats)
    ? caution('permissions', `owned by uid ${stats.uid}`, 'run the applications and this command as one user')
    : ok('permissions', `mode ${mode}, file and folder are writable`);
}

/** Linux's own numbers (statfs(2)). */
const networkSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x564c, 'NCP'],
  [0x01021997, '9P'],
  [0x73757245, 'Coda'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x7461636f, 'OCFS2'],
  [0x01161970, 'GFS2'],
  [0x786f4256, 'a folder shared with a virtual machine'],
]);
const passingSystems: ReadonlyMap<number, string> = new Map([
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
  [0x794c7630, "a container's own layer (overlay)"],
]);
const fuse = 0x65735546;

/** Locks and shared memory between processes need a local file system. */
export function checkFileSystem(file: string, platform: string = process.platform, type?: number): Finding {
  if (platform !== 'linux') {
    return unknown('file system', 'its kind cannot be told here', 'make sure that it is a local disk');
  }
  const kind = (type ?? statfsSync(file).type) >>> 0;
  const network = networkSystems.get(kind);
  if (network !== undefined) {
    const says = `${network}: locks and shared memory do not work there, the database will be damaged`;
    return wrong('file system', says, 'stop the applications and move the database to a local disk');
  }
  if (kind === fuse) {
    return caution(
      'file system',
      'a FUSE file system, which may be a network',
      'make sure that it is a local disk',
    );
  }
  const passing = passingSystems.get(kind);
  return passing === undefined
    ? ok('file system', `local (type 0x${kind.toString(16)})`)
    : caution(
        'file system',
        `${passing}: it does not outlive a restart`,
        'put the database on a disk or a volume',
      );
}

const leastBytes = 100_000_000;

export function checkRoom(file: string): Finding {
  const { bavail, bsize } = statfsSync(path.dirname(file));
  const free = bavail * bsize;
  const used = sizeOf(file) + sizeOf(`${file}-wal`);
  const says = `${bytesText(free)} free, the database takes ${bytesText(used)}`;
  if (free < leastBytes) return wrong('room', says, 'make room: without it nothing can be committed');
  if (free < used) return caution('room', says, 'make room: a backup or a migration needs as much again');
  return ok('room', says);
}

function isWritable(target: string): boolean {
  try {
    accessSync(target, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function isOthers(stats: Stats): boolean {
  const uid = process.getuid?.();
  return uid !== undefined && uid !== 0 && uid !== stats.uid;
}
