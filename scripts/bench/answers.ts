// What Convoy would answer, ready to be written: 201 to every event, and true answers to what a relayer asks: the project,
// the endpoints of an owner, the events stored (none, as no run lasts until one would be missed, but where reading back is what is
// measured). It knows no faults.
import type { StoredList } from './stored-list.ts';

/** Convoy's reply to an event, the same bytes each time. */
export const accepted: string = reply(
  '201 Created',
  '{"status":true,"message":"Endpoint fanout event queued successfully","data":null}\n',
);

/** The reply to a GET of the project's part of the API. */
export function answerTo(target: string, stored: StoredList | null): Buffer {
  const url = new URL(target, 'http://server');
  const [, project = '', part = ''] = /^\/api\/v1\/projects\/([\w-]+)(\/\w+)?$/.exec(url.pathname) ?? [];
  switch (true) {
    case project === '':
      return Buffer.from(reply('404 Not Found', '{"status":false,"message":"not a path of this server"}\n'));
    case part === '':
      return found({ uid: project, name: project, type: 'outgoing' });
    case part === '/endpoints':
      return found(page([{ uid: 'endpoint', owner_id: url.searchParams.get('ownerId') }]));
    case part === '/events' && stored !== null:
      return foundJson(stored.page(url.searchParams));
    default:
      return found(page([]));
  }
}

function page(content: readonly unknown[]): unknown {
  const pagination = { per_page: 1_000, has_next_page: false, has_prev_page: false };
  return { content, pagination: { ...pagination, prev_page_cursor: '', next_page_cursor: '' } };
}

function found(data: unknown): Buffer {
  return foundJson([Buffer.from(JSON.stringify(data))]);
}

function foundJson(data: readonly Buffer[]): Buffer {
  const before = Buffer.from('{"status":true,"message":"fetched successfully","data":');
  const body = Buffer.concat([before, ...data, Buffer.from('}\n')]);
  return Buffer.concat([Buffer.from(head('200 OK', body.length)), body]);
}

function reply(status: string, body: string): string {
  return head(status, Buffer.byteLength(body)) + body;
}

function head(status: string, bodyBytes: number): string {
  const lines = [
    'Content-Type: application/json',
    'X-Convoy-Version: 2025-11-24',
    `Content-Length: ${bodyBytes}`,
  ];
  return [`HTTP/1.1 ${status}`, ...lines, '', ''].join('\r\n');
}
