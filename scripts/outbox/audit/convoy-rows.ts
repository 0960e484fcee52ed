// Reads what Convoy has stored, gently and with patience. What cannot be read ends the audit: it must never pass for absent.
import { sleep, systemClock } from '../../../apps/outbox/clock.ts';
import { commandName } from '../../../apps/outbox/command-name.ts';
import type { ConvoyAccess, Unreadable } from '../../../apps/outbox/convoy.ts';
import { type EventPage, listEvents, type StoredEvent } from '../../../apps/outbox/convoy-events.ts';
import { askProject } from '../../../apps/outbox/convoy-project.ts';
import { OutboxError } from '../../../apps/outbox/outbox-error.ts';

export interface RowReader {
  /** Every event stored between two instants of our clock, a page at a time, without repeats of a key. */
  between(span: { readonly fromMs: number; readonly toMs: number }): AsyncGenerator<readonly StoredEvent[]>;
  /** The event of one key, stored since then, or null. */
  find(key: string, sinceMs: number): Promise<StoredEvent | null>;
}

const tries = 4;
const firstWaitMs = 1_000;
const fullPage = 1_000;
const oneDayMs = 86_400_000;

type Page = Extract<EventPage, { kind: 'page' }>;
type Query = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly cursor: string | null;
  readonly key?: string;
};

/** It and its methods throw ERR_OUTBOX_CONVOY when Convoy cannot be read; ERR_OUTBOX_CONFIG for a key of another project. */
export async function createRowReader(access: ConvoyAccess, signal: AbortSignal): Promise<RowReader> {
  let perPage = fullPage;
  let skewMs = 0;

  async function read(query: Query): Promise<Page> {
    for (let attempt = 0; ; ) {
      const theirs = { fromMs: query.fromMs + skewMs, toMs: query.toMs + skewMs };
      const page = await listEvents(access, { ...query, ...theirs, perPage, signal });
      if (page.kind === 'page') return page;
      if (page.kind === 'too-large' && perPage > 1) {
        perPage = Math.ceil(perPage / 4);
        continue;
      }
      attempt += 1;
      if (page.kind === 'too-large' || attempt >= tries || !isPassing(page) || signal.aborted)
        throw cannotRead(page);
      const waitMs = firstWaitMs * 2 ** (attempt - 1);
      await sleep(systemClock, Math.max(page.retryAfterMs ?? 0, waitMs), signal);
    }
  }

  // Bounds mean nothing before Convoy's time is known: one small request finds out.
  const nowMs = systemClock.nowMs();
  const first = await read({ fromMs: nowMs, toMs: nowMs, cursor: null });
  skewMs = first.serverMs === null ? 0 : first.serverMs - systemClock.nowMs();
  await mustBeItsProject(access);

  return {
    async *between({ fromMs, toMs }) {
      let cursor: string | null = null;
      do {
        const page: Page = await read({ fromMs, toMs, cursor });
        cursor = page.nextCursor;
        yield page.events.map((event) => ({ ...event, storedAtMs: event.storedAtMs - skewMs }));
      } while (cursor !== null);
    },
    async find(key, sinceMs) {
      const toMs = systemClock.nowMs() + oneDayMs;
      const page = await read({ fromMs: sinceMs, toMs, cursor: null, key });
      return page.events.find((event) => event.key === key) ?? null;
    },
  };
}

/** What a wait may cure: no answer at all, too many questions, trouble inside Convoy. */
function isPassing({ status }: Unreadable): boolean {
  return status === undefined || status === 429 || status >= 500;
}

/** Convoy lists the events of the key's own project, whatever id is in the path: both sides would be empty, and all well. */
async function mustBeItsProject(access: ConvoyAccess): Promise<void> {
  const answer = await askProject(access);
  if (answer.kind === 'unknown') throw unreadable(answer.reason);
  if (answer.projectId === access.projectId) return;
  throw new OutboxError(
    'ERR_OUTBOX_CONFIG',
    `CONVOY_PROJECT_ID is ${access.projectId}, but the key belongs to project ${answer.projectId}: correct one of the two. Nothing is concluded`,
  );
}

function cannotRead(page: Exclude<EventPage, { kind: 'page' }>): OutboxError {
  return unreadable(page.kind === 'too-large' ? 'an event that is too large to be read' : page.reason);
}

function unreadable(reason: string): OutboxError {
  return new OutboxError(
    'ERR_OUTBOX_CONVOY',
    `what Convoy has stored cannot be read: ${reason}. Nothing is concluded from that; ${commandName.outbox} doctor says more`,
  );
}
