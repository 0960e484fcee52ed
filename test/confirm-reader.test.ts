// How much is asked for at once when Convoy's events are read back.
import { expect, test } from 'vitest';
import { ConfirmReader } from '../apps/relayer/confirm-reader.ts';
import { confirmRig } from './confirm-rig.ts';
import { startReplyServer } from './reply-server.ts';

const longestPageBytes = 8 << 20;

test('a page that is too large is asked for in smaller pieces, and in large ones again when large ones fit', async () => {
  let eventBytes = 40 * 1024;
  const server = await startReplyServer((response, { url }) => {
    const perPage = Number(new URL(url, 'http://gateway').searchParams.get('perPage'));
    const padding = ' '.repeat(perPage * eventBytes);
    const data = { content: [], pagination: { has_next_page: false } };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(`${JSON.stringify({ status: true, data })}${padding}`);
  });
  const rig = await confirmRig();
  const reader = new ConfirmReader(await rig.parts({ ...accessTo(server.url) }));
  const nowMs = rig.clock.nowMs();
  const asked = async () => {
    const before = server.requests.length;
    for await (const page of reader.pages({ fromMs: nowMs - 1_000, toMs: nowMs }))
      expect(page.kind).toBe('page');
    return server.requests
      .slice(before)
      .map(({ url }) => Number(new URL(url, server.url).searchParams.get('perPage')));
  };
  // The first request of all learns Convoy's time.
  expect(await asked()).toEqual([250, 63, 63]);
  expect(250 * eventBytes).toBeGreaterThan(longestPageBytes);
  expect(await asked()).toEqual([250, 63]);
  eventBytes = 1_024;
  expect(await asked()).toEqual([250]);
  expect(await asked()).toEqual([250]);
});

function accessTo(url: string) {
  return { access: { baseUrl: `${url}/api`, projectId: 'p', apiKey: 'key-of-a-test', timeoutMs: 5_000 } };
}
