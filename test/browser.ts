// A real browser for a test: Chromium without a window, with an empty profile of its own, that speaks to nobody but the page.
import { existsSync } from 'node:fs';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { tempDirectory } from './helpers.ts';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser's program, or null where there is none; CHROMIUM_PATH names another. */
export const browserPath: string | null =
  [process.env.CHROMIUM_PATH ?? '', ...places].find((place) => place !== '' && existsSync(place)) ?? null;

const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Browsed {
  readonly page: Page;
  /** Addresses that were asked for. */
  readonly requests: readonly string[];
  /** What the console said that was an error or a warning, and what went uncaught. */
  readonly complaints: string[];
}

/** Opens an empty page, closed with its browser when the test has finished. */
export async function browse(size: { readonly width: number; readonly height: number }): Promise<Browsed> {
  if (browserPath === null) throw new Error('there is no browser');
  const context: BrowserContext = await chromium.launchPersistentContext(tempDirectory(), {
    executablePath: browserPath,
    headless: true,
    args: quiet,
    viewport: size,
    reducedMotion: 'reduce',
  });
  onTestFinished(() => context.close());
  context.setDefaultTimeout(10_000);
  const page = context.pages()[0] ?? (await context.newPage());
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  return { page, requests, complaints };
}
