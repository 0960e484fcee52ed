// What the doctor can know of other processes: which relayers live, what each wrote of itself when it opened the database,
// and, on Linux, who has the file open. A process that wrote nothing keeps its settings to itself.
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import process from 'node:process';
import type { LogRecord } from '../../../apps/outbox/overview-verbs.ts';
import { compareVersions, oldestSafeVersion } from '../../../apps/outbox/sqlite/connection.ts';
import type { OpenOutbox } from '../open-outbox.ts';
import { caution, type Finding, ok, unknown, wrong } from './finding.ts';

const recordsRead = 200;

export interface RelayerProcess {
  readonly slot: string;
  readonly pid: number | null;
  /** Null when its start is no longer on record, or was by an older release. */
  readonly drainTimeoutMs: number | null;
  readonly record: LogRecord | null;
}

/** The relayers that live, with what they wrote at their start. */
export async function livingRelayers({ alive, store }: OpenOutbox): Promise<readonly RelayerProcess[]> {
  const starts = await store.records('relayer_started', recordsRead);
  return (await alive()).map((slot) => {
    const record = starts.find(({ detail }) => detail.slot === slot) ?? null;
    const numberOf = (name: string) => {
      const value = record?.detail[name];
      return typeof value === 'number' ? value : null;
    };
    return { slot, record, pid: numberOf('pid'), drainTimeoutMs: numberOf('drain_timeout_ms') };
  });
}

export function checkRelayers(relayers: readonly RelayerProcess[]): readonly Finding[] {
  if (relayers.length === 0)
    return [caution('relayers', 'none is running: nothing is delivered', 'start one')];
  return relayers.map(({ slot, pid, record }) =>
    durability(`relayer ${slot}`, pid === null ? 'it' : `pid ${pid}`, record, ['NORMAL', 'FULL', 'EXTRA']),
  );
}

/** The applications that have the database open: each commits with FULL, or is not known to. */
export async function checkWriters(
  { store, file }: { readonly store: OpenOutbox['store']; readonly file: string },
  relayers: readonly RelayerProcess[],
): Promise<readonly Finding[]> {
  const records = await store.records('writer_opened', recordsRead);
  const recordOf = (pid: number) => records.find(({ detail }) => detail.pid === pid) ?? null;
  const openers = processesWith(file);
  if (openers === null) {
    const living = records.filter(({ detail }) => isAlive(Number(detail.pid)));
    if (living.length === 0)
      return [unknown('writers', 'no application has recorded itself, and this system does not tell')];
    return [...new Map(living.map((record) => [record.detail.pid, record])).values()].map((record) =>
      durability('writer', `pid ${record.detail.pid}`, record, ['FULL', 'EXTRA']),
    );
  }
  const others = openers.filter(
    ({ pid }) => pid !== process.pid && !relayers.some((relayer) => relayer.pid === pid),
  );
  if (others.length === 0) return [ok('writers', 'no other process of this user has the database open')];
  return others.map(({ pid, command }) =>
    durability('writer', `pid ${pid} (${command})`, recordOf(pid), ['FULL', 'EXTRA']),
  );
}

function durability(
  check: string,
  who: string,
  record: LogRecord | null,
  enough: readonly string[],
): Finding {
  const { synchronous, journal_mode, sqlite, node } = record?.detail ?? {};
  if (typeof synchronous !== 'string') {
    const todo = `if it writes events, make sure that it runs PRAGMA synchronous = ${enough.includes('NORMAL') ? 'NORMAL' : 'FULL'}`;
    return unknown(check, `${who} has not recorded its settings, and they cannot be seen from outside`, todo);
  }
  const says = `${who}: synchronous ${synchronous}, journal ${journal_mode}, SQLite ${sqlite}, Node ${node}`;
  if (typeof sqlite === 'string' && compareVersions(sqlite, oldestSafeVersion) < 0) {
    return wrong(
      check,
      says,
      `run it with SQLite ${oldestSafeVersion} or later: older ones can corrupt the file`,
    );
  }
  return enough.includes(synchronous)
    ? ok(check, says)
    : wrong(check, says, `it needs ${enough[0]}: a power cut may lose what it commits`);
}

interface Opener {
  readonly pid: number;
  readonly command: string;
}

/** Processes that have the file open, as far as this user may see; null where the system does not tell. */
function processesWith(file: string): readonly Opener[] | null {
  if (process.platform !== 'linux') return null;
  const wanted = realpathSync(file);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && hasOpen(name, wanted))
    .map((name) => ({ pid: Number(name), command: commandOf(name) }));
}

function hasOpen(pid: string, wanted: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some(
      (descriptor) => linkOf(`/proc/${pid}/fd/${descriptor}`) === wanted,
    );
  } catch {
    return false;
  }
}

function linkOf(link: string): string | null {
  try {
    return readlinkSync(link);
  } catch {
    return null;
  }
}

function commandOf(pid: string): string {
  try {
    const [program = '', argument = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const base = (text: string) => text.split('/').slice(-3).join('/');
    return `${base(program)} ${base(argument)}`.trim();
  } catch {
    return 'unknown';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
