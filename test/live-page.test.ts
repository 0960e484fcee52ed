// The live page in a real browser, served by a real relayer that is killed.
import { createServer } from 'node:net';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { placeFor, quietSandbox, startRelayer } from './both-apps.ts';
import { browse, browserPath } from './browser.ts';
import { waitFor } from './helpers.ts';
import { insertEvent, insertEvents, plainConnection } from './outbox-database.ts';

if (browserPath === null) {
  console.warn(
    'SKIPPED: the live page was not tested in a browser, there is none. apt install chromium, or set CHROMIUM_PATH.',
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

interface Contrast {
  readonly looked: number;
  readonly faint: readonly { readonly text: string; readonly ratio: number }[];
}

/** The source of a function for the browser; it is checked with the page's own files. */
async function findFaint(): Promise<string> {
  const module = await import(path.join(import.meta.dirname, 'contrast.js'));
  return String(module.findFaint);
}

async function expectReadable(page: Page): Promise<void> {
  const source = await findFaint();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const level of ['well', 'watch', 'trouble', 'unknown']) {
      const contrast = await page.evaluate(`{
        document.body.dataset.level = '${level}';
        for (const tile of document.querySelectorAll('.tile')) tile.dataset.level = '${level}';
        (${source})();
      }`);
      const { looked, faint } = contrast as Contrast;
      expect(looked).toBeGreaterThan(40);
      expect([colorScheme, level, faint]).toEqual([colorScheme, level, []]);
    }
  }
}

/** Nothing sticks out to the right, from a small phone on. */
async function expectToFit(page: Page): Promise<void> {
  for (const width of [360, 390, 768, 920]) {
    await page.setViewportSize({ width, height: 844 });
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect([width, overflow]).toEqual([width, 0]);
  }
}

const nul = '{"note":"\\u0000"}';

test.runIf(browserPath !== null)(
  'the page loads, moves, survives a kill, is readable, and asks nobody else',
  { timeout: 120_000 },
  async () => {
    const sandbox = await quietSandbox();
    const place = placeFor(sandbox);
    const db = plainConnection(place.file);
    const port = await freePort();
    const args = ['--status-port', String(port)];
    insertEvents(db, 20);
    const first = startRelayer(place, args);
    const [{ page, requests, complaints }] = await Promise.all([
      browse({ width: 1280, height: 900 }),
      waitFor('the page to be served', () => first.stdout.includes('live page')),
    ]);
    const text = async (selector: string) => (await page.textContent(selector)) ?? '';
    const says = (selector: string, pattern: RegExp) =>
      waitFor(`${selector} to say ${pattern}`, async () => pattern.test(await text(selector)), 20_000);

    await page.goto(`http://127.0.0.1:${port}/`);
    await says('#title', /^All is well$/);
    await says('#link-text', /^live$/);
    expect(await text('#dead')).toBe('0');
    expect(await page.locator('canvas').count()).toBe(3);
    await page.evaluate('window.isSamePage = true');

    insertEvent(db, { payload: nul });
    await says('#title', /^1 event is dead$/);
    await says('#dead-list', /U\+0000.*redrive --dead/);
    expect(complaints).toEqual([]);

    first.child.kill('SIGKILL');
    await first.exited;
    await says('#link-text', /^reconnecting$/);
    await says('#title', /^No relayer answers$/);
    insertEvent(db, { payload: nul });
    const second = startRelayer(place, args);
    await says('#link-text', /^live$/);
    await says('#title', /^2 events are dead$/);
    await says('#start-list', /after a kill/);
    await says('#relayer-list', /00running/);

    const third = startRelayer(place, args);
    await waitFor('the third to wait for the port', () => third.stdout.includes('not served here'));
    second.child.kill('SIGKILL');
    await says('#about', /by relayer 01/);
    await says('#relayer-list', /00dead.*01running/);
    expect(await page.evaluate('window.isSamePage')).toBe(true);
    // While nobody listened, the browser said so itself; nothing else may be wrong.
    expect(complaints.filter((complaint) => !/net::ERR_/.test(complaint))).toEqual([]);
    expect([...new Set(requests.map((url) => new URL(url).origin))]).toEqual([`http://127.0.0.1:${port}`]);

    await expectReadable(page);
    await expectToFit(page);
  },
);
