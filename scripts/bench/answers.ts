// What Convoy would answer, ready to be written: 201 to every event, and true answers to what a relayer asks: the project,
// the endpoints of an owner, the events stored (none: no run lasts until one would be missed). It knows no faults.

/** Convoy's reply to an event, the same bytes each time. */
export const accepted: string = reply(
  '201 Created',
  '{"status":true,"message":"Endpoint fanout event queued successfully","data":null}\n',
);

/** The reply to a GET of the project's part of the API. */
export function answerTo(target: string): string {
  const url = new URL(target, 'http://server');
  const [, project = '', part = ''] = /^\/api\/v1\/projects\/([\w-]+)(\/\w+)?$/.exec(url.pathname) ?? [];
  switch (true) {
    case project === '':
      return reply('404 Not Found', '{"status":false,"message":"not a path of this server"}\n');
    case part === '':
      return found({ uid: project, name: project, type: 'outgoing' });
    case part === '/endpoints':
      return found(page([{ uid: 'endpoint', owner_id: url.searchParams.get('ownerId') }]));
    default:
      return found(page([]));
  }
}

function page(content: readonly unknown[]): unknown {
  const pagination = { per_page: 1_000, has_next_page: false, has_prev_page: false };
  return { content, pagination: { ...pagination, prev_page_cursor: '', next_page_cursor: '' } };
}

function found(data: unknown): string {
  return reply('200 OK', `${JSON.stringify({ status: true, message: 'fetched successfully', data })}\n`);
}

function reply(status: string, body: string): string {
  return [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/json',
    'X-Convoy-Version: 2025-11-24',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
