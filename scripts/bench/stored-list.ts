// Convoy's list of stored events, as the gateway of a benchmark gives it: so many events that were added in bulk, each 1.6 KB long, as
// Convoy lists one of 600 bytes. The bytes of all pages are made beforehand: a page costs the gateway next to nothing.
import { bulkKey } from './bulk-rows.ts';
import { formEvent } from './event-form.ts';

export interface StoredEvents {
  /** `seq` of the first one, and how many there are. */
  readonly firstSeq: number;
  readonly count: number;
  /** When the first one was stored, and from one to the next, epoch ms and ms. */
  readonly fromMs: number;
  readonly stepMs: number;
}

const rowBytes = 1_600;

export class StoredList {
  readonly #events: StoredEvents;
  /** All rows, each with a comma behind it, equally long. */
  readonly #rows: Buffer;

  constructor(events: StoredEvents) {
    this.#events = events;
    this.#rows = Buffer.alloc(events.count * rowBytes, ' ');
    for (let index = 0; index < events.count; index++)
      this.#rows.write(rowText(events, index), index * rowBytes);
  }

  /** The JSON of a page, in pieces. The cursor is the number of the first row. */
  page(query: URLSearchParams): readonly Buffer[] {
    const { from, end } = this.#span(query);
    const start = Math.max(from, Number(query.get('next_page_cursor') || 0));
    const perPage = Number(query.get('perPage') || 1);
    const next = Math.min(start + perPage, end);
    const pagination = {
      ...{ per_page: perPage, has_next_page: next < end, has_prev_page: start > from },
      ...{ prev_page_cursor: '', next_page_cursor: next < end ? String(next) : '' },
    };
    // Without the last row's comma.
    const rows = this.#rows.subarray(start * rowBytes, Math.max(start * rowBytes, next * rowBytes - 1));
    return [Buffer.from(`{"pagination":${JSON.stringify(pagination)},"content":[`), rows, Buffer.from(']}')];
  }

  /** Which rows were stored between the two dates. Nobody asks for one that is there by its key. */
  #span(query: URLSearchParams): { readonly from: number; readonly end: number } {
    const { count, fromMs, stepMs } = this.#events;
    if (query.has('idempotencyKey')) return { from: 0, end: 0 };
    const indexAt = (date: string | null, otherwise: number) => {
      const atMs = Date.parse(`${date}Z`);
      return Number.isNaN(atMs)
        ? otherwise
        : Math.min(count, Math.max(0, Math.ceil((atMs - fromMs) / stepMs)));
    };
    const from = indexAt(query.get('startDate'), 0);
    return { from, end: Math.max(from, indexAt(query.get('endDate'), count)) };
  }
}

function rowText({ firstSeq, fromMs, stepMs }: StoredEvents, index: number): string {
  const { businessId, eventType, payload } = formEvent(index);
  const at = new Date(fromMs + index * stepMs).toISOString();
  const row = {
    uid: `01BENCH${String(index).padStart(19, '0')}`,
    event_type: eventType,
    project_id: 'bench',
    endpoints: [businessId],
    headers: {},
    idempotency_key: bulkKey(firstSeq + index),
    is_duplicate_event: false,
    data: JSON.parse(payload),
    raw: payload,
    status: 'Success',
    ...{ acknowledged_at: at, created_at: at, updated_at: at },
  };
  const text = JSON.stringify(row);
  const filled = `${text.slice(0, -1)},"metadata":"${'-'.repeat(rowBytes - 1 - text.length - 14)}"}`;
  return `${filled},`;
}
