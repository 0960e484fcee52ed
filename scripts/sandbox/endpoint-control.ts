// Gives businesses an endpoint and takes it away again, in one step each: what a person does in Convoy's dashboard.
import { type Business, type Endpoint, endpointOf } from './endpoint.ts';
import type { EndpointBook } from './endpoint-book.ts';

/** Switches endpoints. Changes count for requests that come afterwards; none survives a restart of the sandbox. */
export interface EndpointControls {
  list(): readonly Endpoint[];
  /** Creates an endpoint with its subscription, at the sandbox's own receiver unless the business says otherwise. */
  add(business: Business): Endpoint;
  /** Removes all of an owner's endpoints; returns how many. */
  remove(owner: string): number;
}

/** Controls of a book; `origin` tells the sandbox's own address, such as `http://127.0.0.1:5055`. */
export function endpointControls(book: EndpointBook, origin: () => string): EndpointControls {
  return {
    list: book.list,
    add(business) {
      const endpoint = book.add(endpointOf(business, origin()));
      book.subscribe(endpoint.uid);
      return endpoint;
    },
    remove: book.remove,
  };
}
