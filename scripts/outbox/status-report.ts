// The state of the outbox as a report, and as the lines that a person reads in ten seconds. It asks no database; the numbers
// come in.
import type { LogRecord, OutboxOverview } from '../../apps/outbox/overview-verbs.ts';
import type { DatabaseRoom } from './open-outbox.ts';
import { cut } from './table.ts';
import { bytesText, numberText, plainText, spanText } from './wording.ts';

export interface RelayerAlive {
  readonly slot: string;
  /** As its start was recorded; null when the record has forgotten it. */
  readonly pid: number | null;
  readonly startedAtMs: number | null;
}

/** `not known`: the last relayer runs behind a proxy that pools by transaction, where it can hold no slot. */
export type GatewayState = 'open' | 'paused' | 'no relayer runs' | 'not known';

export interface StatusReport extends Omit<OutboxOverview, 'relayers' | 'gateway'> {
  readonly atMs: number;
  readonly database: DatabaseRoom;
  readonly relayers: readonly RelayerAlive[];
  /** Accepted, and Convoy will not deliver them; null when there are too many to look through. */
  readonly undelivered: number | null;
  readonly gateway: {
    readonly state: GatewayState;
    readonly sinceMs: number | null;
    readonly reason: string | null;
  };
  readonly lastTakeover: {
    readonly atMs: number;
    readonly slot: string;
    readonly events: number;
  } | null;
}

/** Puts the report together. */
export function statusReport(seen: {
  readonly overview: OutboxOverview;
  readonly undelivered: number | null;
  readonly slots: readonly string[];
  readonly database: DatabaseRoom;
  readonly nowMs: number;
}): StatusReport {
  const { overview, undelivered, slots, database, nowMs } = seen;
  const starts = overview.relayers.filter(({ kind }) => kind === 'relayer_started');
  const takeover = overview.relayers.find(({ kind }) => kind === 'taken_over');
  return {
    ...overview,
    undelivered,
    atMs: nowMs,
    database,
    relayers: slots.map((slot) => {
      const start = starts.find(({ detail }) => detail.slot === slot);
      const pid = start?.detail.pid;
      return { slot, pid: typeof pid === 'number' ? pid : null, startedAtMs: start?.atMs ?? null };
    }),
    gateway: gatewayState(overview.gateway, starts[0], lifeOf(slots, starts[0])),
    lastTakeover:
      takeover === undefined
        ? null
        : {
            atMs: takeover.atMs,
            slot: String(takeover.detail.slot),
            events: Number(takeover.detail.events),
          },
  };
}

function lifeOf(slots: readonly string[], start: LogRecord | undefined) {
  if (slots.length > 0) return 'seen';
  return start?.detail.pooled === 'by transaction' ? 'not known' : 'no relayer runs';
}

/** A pause that was recorded before the newest start died with the relayer that saw it. */
function gatewayState(
  change: LogRecord | null,
  start: LogRecord | undefined,
  life: 'seen' | 'no relayer runs' | 'not known',
): StatusReport['gateway'] {
  const reason = typeof change?.detail.reason === 'string' ? change.detail.reason : null;
  const isPaused = change?.detail.state === 'paused' && change.atMs >= (start?.atMs ?? 0);
  if (life !== 'seen') return { state: life, sinceMs: null, reason: isPaused ? reason : null };
  if (isPaused) return { state: 'paused', sinceMs: change.atMs, reason };
  const isChanged = change !== null && change.detail.state !== 'paused';
  return { state: 'open', sinceMs: isChanged ? change.atMs : null, reason: null };
}

/** The report for people. */
export function statusLines(report: StatusReport, width: number | null): readonly string[] {
  const { counts, recent } = report;
  const perSecond = (events: number) => (events / (recent.windowMs / 1_000)).toFixed(1);
  const lines: readonly (readonly [string, string])[] = [
    ['database', databaseWords(report)],
    ['pending', `${numberText(counts.pending)}${pendingWords(report)}`],
    ['processed', `${numberText(counts.processed)}${confirmWords(report)}`],
    ['dead', numberText(counts.dead)],
    ['discarded', numberText(counts.discarded)],
    [
      'rate',
      `in ${perSecond(recent.created)}/s, out ${perSecond(recent.accepted)}/s (last ${spanText(recent.windowMs)})`,
    ],
    ['gateway', gatewayWords(report)],
    ['relayers', relayerWords(report)],
    ...deadWords(report),
  ];
  return lines.map(([name, text]) => cut(`${name.padEnd(10)} ${plainText(text)}`, width));
}

function databaseWords({ database, walBytes }: StatusReport): string {
  const bytes = bytesText(database.bytes);
  if ('file' in database) return `${database.file}  ${bytes}, WAL ${bytesText(walBytes ?? 0)}`;
  return `${database.name}  ${bytes}, old row versions for vacuum ${numberText(database.deadRows)}`;
}

function pendingWords({ counts, due, waiting, oldestPendingAtMs, atMs }: StatusReport): string {
  if (counts.pending === 0) return '';
  const reasons = waiting.map(({ reason, events }) => `${reason} ${numberText(events)}`).join(', ');
  const waits = Math.max(0, counts.pending - due - counts.leased);
  const parts = [
    `due ${numberText(due)}`,
    `leased ${numberText(counts.leased)}`,
    `waiting ${numberText(waits)}${reasons === '' ? '' : ` (${reasons})`}`,
    oldestPendingAtMs === null ? '' : `oldest ${spanText(atMs - oldestPendingAtMs)}`,
  ];
  return `  ${parts.filter((part) => part !== '').join(', ')}`;
}

function confirmWords({ unconfirmed, undelivered, pipeline }: StatusReport): string {
  const parts = [
    unconfirmed === 0 ? '' : `not yet confirmed ${numberText(unconfirmed)}`,
    undelivered ? `Convoy will not deliver ${numberText(undelivered)}: list --state undelivered` : '',
    pipeline?.detail.state === 'stalled' ? 'Convoy stores nothing' : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : `  ${parts.join(', ')}`;
}

function gatewayWords({ gateway, atMs }: StatusReport): string {
  const since = gateway.sinceMs === null ? '' : ` for ${spanText(atMs - gateway.sinceMs)}`;
  const reason = gateway.reason === null ? '' : `: ${gateway.reason}`;
  if (gateway.state === 'no relayer runs' || gateway.state === 'not known') {
    const why = gateway.state === 'not known' ? '' : ', no relayer runs';
    return `not known${why}${gateway.reason === null ? '' : `; last seen paused${reason}`}`;
  }
  return `${gateway.state}${since}${reason}`;
}

const unseenWords = 'not known: the last one runs behind a proxy that pools by transaction';

function relayerWords({ relayers, gateway, lastTakeover, atMs }: StatusReport): string {
  const each = relayers.map(({ slot, pid, startedAtMs }) => {
    const facts = [
      pid === null ? '' : `pid ${pid}`,
      startedAtMs === null ? '' : `for ${spanText(atMs - startedAtMs)}`,
    ].filter((fact) => fact !== '');
    return `${slot}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`;
  });
  const none = gateway.state === 'not known' ? unseenWords : 'none alive';
  const alive = relayers.length === 0 ? none : `${relayers.length} alive: ${each.join(', ')}`;
  if (lastTakeover === null) return alive;
  const { slot, events } = lastTakeover;
  return `${alive}; last takeover ${spanText(atMs - lastTakeover.atMs)} ago, ${numberText(events)} from ${slot}`;
}

function deadWords({ deadByReason }: StatusReport): readonly (readonly [string, string])[] {
  return deadByReason
    .slice(0, 5)
    .map(({ reason, events }, index) => [index === 0 ? 'why dead' : '', `${numberText(events)} x ${reason}`]);
}
