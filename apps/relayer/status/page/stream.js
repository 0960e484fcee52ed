// The page's only connection: server-sent events. It comes back by itself when a relayer dies and another, or its successor, has the
// port; the browser then says which moment it saw last.

/** @typedef {'connecting' | 'live' | 'lost'} Link */

const silenceMs = 6_000;
const tryAgainMs = 1_000;

/**
 * @param {Record<string, (data: any) => void>} on by name of event
 * @param {(link: Link) => void} onLink
 */
export function listen(on, onLink) {
  /** @type {ReturnType<typeof setTimeout>} */
  let watchdog;

  const open = () => {
    const source = new EventSource('/events');
    const reopen = () => {
      source.close();
      onLink('lost');
      clearTimeout(watchdog);
      watchdog = setTimeout(open, tryAgainMs);
    };
    const heard = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(reopen, silenceMs);
    };
    for (const [name, handle] of Object.entries(on)) {
      source.addEventListener(name, (event) => {
        heard();
        onLink('live');
        handle(JSON.parse(event.data));
      });
    }
    source.addEventListener('error', () => {
      onLink('lost');
      // While it is CONNECTING the browser tries again by itself.
      if (source.readyState === EventSource.CLOSED) reopen();
    });
    heard();
  };

  open();
}
