// The base URL of Convoy's API as people write it, and as it is used.
import type { Parsed } from './flag.ts';

/** Convoy's hosted service. */
export const defaultBaseUrl = 'https://api.getconvoy.io';

/**
 * Accepts the address with or without `/api` or `/api/v1` at its end and returns it ending in `/api`. Only http and
 * https; no credentials, query or fragment, which would end up in logs.
 */
export function convoyBaseUrl(given: string): Parsed<string> {
  const expected = { kind: 'expected', text: 'a URL such as https://api.getconvoy.io' } as const;
  if (!URL.canParse(given.trim())) return expected;
  const url = new URL(given.trim());
  if (!['http:', 'https:'].includes(url.protocol)) return expected;
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return expected;
  const path = url.pathname.replace(/\/+$/, '').replace(/\/api(\/v1)?$/, '');
  return { kind: 'value', value: `${url.origin}${path}/api` };
}

/** The URL of a project: how a gateway is named in the database. */
export function gatewayName(baseUrl: string, projectId: string): string {
  return `${baseUrl}/v1/projects/${encodeURIComponent(projectId)}`;
}
