// What tells all parts of a relayer that it stops. It stops nothing.
import { setMaxListeners } from 'node:events';

/** As many wait for its signal as there are businesses to ask Convoy about: from eleven on Node would warn of a leak. */
export function stopController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
