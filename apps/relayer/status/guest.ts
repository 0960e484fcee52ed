// Who may ask: programs and people on this machine. The server listens on loopback only, but a web page from anywhere may make a
// browser on this machine ask too, by a name that it lets point here (DNS rebinding) or across sites.

/** What is looked at in a request. */
export interface Guest {
  readonly host: string | undefined;
  readonly fetchSite: string | undefined;
  readonly fetchMode: string | undefined;
}

const loopbackHost = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

/** Why the request is refused, or null. */
export function refusalOf({ host, fetchSite, fetchMode }: Guest): string | null {
  if (host === undefined || !loopbackHost.test(host)) {
    return 'this page answers to localhost and 127.0.0.1 only: from elsewhere use a tunnel, such as ssh -L';
  }
  // A link from another site may open the page; nothing of it may be loaded into another site's page.
  const isForeign = fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none';
  return isForeign && fetchMode !== 'navigate' ? 'other sites may not load this page' : null;
}
