// GET /api/v1/projects/{id}/events: the stored rows, by time of storing and by key. The rows hold no payload, so `data`
// is always null here, which Convoy's is not; only paging forwards is imitated.
import type { EventRow } from './event-store.ts';
import { pageOf, pageOrder } from './page.ts';
import { SANDBOX_PROJECT_ID } from './project-book.ts';
import { emptyReply, errorReply, type Reply, successReply } from './reply.ts';
import type { Query, Route, World } from './world.ts';

export const eventListRoute: Route = { kind: 'read', method: 'GET', answer: listEvents };

/** What Convoy lists when no dates are given. */
const DEFAULT_SPAN_MS = 7 * 86_400_000;

function listEvents({ parameters }: Query, world: World): Reply {
  const startMs = instantOf(parameters.get('startDate'), world.nowMs() - DEFAULT_SPAN_MS);
  const endMs = instantOf(parameters.get('endDate'), world.nowMs());
  if (Number.isNaN(startMs)) return badDate('startDate');
  if (Number.isNaN(endMs)) return badDate('endDate');
  const order = pageOrder(parameters);
  if (order === null) return emptyReply(500);
  const key = parameters.get('idempotencyKey') ?? '';
  const isWanted = (row: EventRow) =>
    row.createdAtMs >= startMs && row.createdAtMs <= endMs && (key === '' || row.key === key);
  const page = pageOf(world.store.rows().filter(isWanted), order);
  return successReply(200, {
    message: 'App events fetched successfully',
    data: { ...page, content: page.content.map((row) => shown(row, world)) },
  });
}

/** Convoy takes exactly this form, in UTC; NaN for any other, `absentMs` for none. */
function instantOf(text: string | null, absentMs: number): number {
  if (text === null || text === '') return absentMs;
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text) ? Date.parse(`${text}Z`) : Number.NaN;
}

function badDate(name: string): Reply {
  return errorReply(400, `please specify a ${name} in the format 2006-01-02T15:04:05`);
}

function shown(row: EventRow, world: World): Readonly<Record<string, unknown>> {
  const storedAt = new Date(row.createdAtMs).toISOString();
  return {
    uid: row.uid,
    event_type: row.type,
    project_id: SANDBOX_PROJECT_ID,
    endpoints: world.endpoints.subscribed(row.owner).map(({ uid }) => uid),
    headers: {},
    idempotency_key: row.key,
    is_duplicate_event: row.isDuplicate,
    data: null,
    status: row.status,
    ...(row.status === 'Failure' ? { failure_reason: 'no subscription matched this event' } : {}),
    acknowledged_at: new Date(row.acknowledgedAtMs).toISOString(),
    created_at: storedAt,
    updated_at: storedAt,
  };
}
