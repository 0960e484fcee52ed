// Whether all is well, in one sentence, and what to do if it is not: a pure judgement of numbers that are on the page anyway, the
// gravest thing first. The runbook in docs/operations.md has the same cases at length.
import { commandName } from '../../outbox/command-name.ts';
import type { BoundedCount } from '../../outbox/live-verbs.ts';
import type { ReasonCount } from '../../outbox/overview-verbs.ts';
import type { Afterwards } from './afterwards.ts';
import type { GatewayView, Held } from './meters.ts';

export interface Situation extends Afterwards {
  readonly nowMs: number;
  readonly gateway: GatewayView;
  readonly isSendingAllowed: boolean;
  /** Why this relayer claims nothing, or null. */
  readonly held: Held | null;
  /** Since when the database cannot be written, epoch ms, or null. */
  readonly failingSinceMs: number | null;
  /** It is a server, which is mended in another way than a file. */
  readonly isOnServer: boolean;
  readonly pending: BoundedCount;
  readonly dead: BoundedCount;
  readonly oldestPendingAtMs: number | null;
  readonly waiting: readonly ReasonCount[];
  /** Latencies of the last minute; null when nothing was accepted in it. */
  readonly minuteP50Ms: number | null;
  readonly minuteP99Ms: number | null;
  /** Relayers that died within the last ten minutes. */
  readonly deaths: number;
}

export interface Verdict {
  readonly level: 'well' | 'watch' | 'trouble';
  readonly title: string;
  readonly advice: string;
}

/** The command that moves dead events back. */
export const redriveCommand = `${commandName.outbox} redrive --dead`;

/** A lock that is held, or a slot that is replaced, for less is everyday life. */
const briefMs = 5_000;
/** Convoy may be restarted by somebody: a shorter pause is no trouble yet. */
const patienceMs = 60_000;
/** Pending for longer, with an open gateway, is falling behind. */
const lateMs = 60_000;
const manyDeaths = 3;
/** Events that Convoy will not deliver are told for so long: what was done about them cannot be seen from here. */
const undeliveredToldMs = 3_600_000;

const fileAdvice = 'Look for a process that holds its lock (fuser, lsof), then at disk space.';
const serverAdvice =
  'See that the server runs, takes writes, and can be reached from here; then look at its log and its disk.';

export function verdictOf(situation: Situation): Verdict {
  const { nowMs, gateway, failingSinceMs, held, pending, dead, deaths } = situation;
  if (failingSinceMs !== null && nowMs - failingSinceMs > briefMs) {
    return trouble(
      'The database cannot be written',
      `Nothing is lost, and everything goes on by itself. ${situation.isOnServer ? serverAdvice : fileAdvice}`,
    );
  }
  if (held !== null && nowMs - held.sinceMs > briefMs) {
    return trouble(
      `This relayer claims nothing: ${held.reason}`,
      'It goes on by itself when it gets one. See that the database can be reached, and that not all 64 slots are held: the log says why it gets none.',
    );
  }
  if (!situation.isSendingAllowed) {
    return trouble(
      'Convoy has not confirmed the project yet',
      'Nothing is sent before it has. Check CONVOY_BASE_URL, CONVOY_API_KEY and CONVOY_PROJECT_ID, and that Convoy is up.',
    );
  }
  if (gateway.reason !== null) return closed(gateway, pending, nowMs - gateway.sinceMs);
  if (situation.stalledSinceMs !== null) {
    return trouble(
      'Convoy accepts events and stores none',
      "One event at a time tries, all others are sent again when one is stored. Look at Convoy's workers and its Redis; after a restart of Redis without persistence restart Convoy's server.",
    );
  }
  if (dead.events > 0) {
    return dead.events === 1
      ? trouble(
          '1 event is dead',
          'It can never be delivered as it is. Mend the cause below, then redrive it; all others go on.',
        )
      : trouble(
          `${countText(dead)} events are dead`,
          'They can never be delivered as they are. Mend the causes below, then redrive them; all others go on.',
        );
  }
  if (situation.undeliveredAtMs !== null && nowMs - situation.undeliveredAtMs < undeliveredToldMs) {
    return watch(
      'Convoy will not deliver events that it has accepted',
      `${commandName.outbox} list --state undelivered shows which, and why. Mend the cause, then redrive them under a new key.`,
    );
  }
  if (deaths >= manyDeaths) {
    return watch(
      `Relayers died ${deaths} times in ten minutes`,
      'Nothing is lost. Look at what ends them: the log, the kernel (out of memory), pm2 status.',
    );
  }
  return waitingOrWell(situation);
}

function closed(gateway: GatewayView, pending: BoundedCount, forMs: number): Verdict {
  const isRefusal = /^HTTP (40[1345]|[23]\d\d)/.test(gateway.reason ?? '');
  const advice = isRefusal
    ? 'Check CONVOY_BASE_URL, CONVOY_API_KEY and CONVOY_PROJECT_ID; if they are right, look at Convoy and its database.'
    : 'No attempt is counted meanwhile. When Convoy is back the backlog drains by itself; if it is not being restarted, look at it.';
  const title = isRefusal ? 'Convoy refuses' : 'Convoy does not take events';
  const waiting = `${countText(pending)} ${pending.events === 1 ? 'event waits' : 'events wait'}.`;
  return (isRefusal || forMs > patienceMs ? trouble : watch)(title, `${waiting} ${advice}`);
}

function waitingOrWell(situation: Situation): Verdict {
  const { nowMs, oldestPendingAtMs, waiting, pending } = situation;
  const reasons = new Map(waiting.map(({ reason, events }) => [reason, events]));
  if (reasons.has('endpoint')) {
    return watch(
      'A business has no endpoint',
      'Its events are held, because Convoy would accept and never deliver them. Create the endpoint and its subscription; they go by themselves.',
    );
  }
  if (reasons.has('evidence') || reasons.has('retry')) {
    return watch(
      'Single events fail, all others go',
      'They are tried again, ever more rarely. Their last_error says why.',
    );
  }
  const waitedMs = oldestPendingAtMs === null ? 0 : nowMs - oldestPendingAtMs;
  if (waitedMs > lateMs && !reasons.has('scheduled')) {
    return watch(
      'Falling behind, or catching up',
      `${countText(pending)} events are pending. If that grows for long, raise --concurrency or add a relayer; Convoy's own limit is 1,000 events a second.`,
    );
  }
  return { level: 'well', title: 'All is well', advice: wellText(situation) };
}

function wellText({ minuteP50Ms, minuteP99Ms }: Situation): string {
  if (minuteP50Ms === null || minuteP99Ms === null)
    return 'Nothing waits, and nothing was committed within the last minute.';
  return `Events go to Convoy as they are committed: half of them within ${timeText(minuteP50Ms)}, 99 of 100 within ${timeText(minuteP99Ms)}.`;
}

function timeText(durationMs: number): string {
  return durationMs < 1_000 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1_000).toFixed(1)} s`;
}

const trouble = (title: string, advice: string): Verdict => ({ level: 'trouble', title, advice });
const watch = (title: string, advice: string): Verdict => ({ level: 'watch', title, advice });

function countText({ events, isExact }: BoundedCount): string {
  return `${isExact ? '' : 'about '}${events.toLocaleString('en')}`;
}
