// Which path answers what. Everything is read-only, and nothing here shows a payload.
import type { Broadcast } from './broadcast.ts';
import { pageFile } from './page-files.ts';
import { jsonReply, type Question, type Reply, type StreamReply, textReply } from './reply.ts';

export interface RouteParts {
  readonly broadcast: Broadcast;
  /** Why the relayer cannot do its work; empty when it can. */
  readonly reasonsNotReady: () => readonly string[];
  /** The text of one scrape, and its media type. */
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
}

export function routesOf({ broadcast, reasonsNotReady, metrics }: RouteParts) {
  return async ({ path, lastEventId }: Question): Promise<Reply | StreamReply> => {
    switch (path) {
      case '/events':
        return broadcast.join(lastEventId);
      case '/metrics': {
        const { type, text } = await metrics();
        return { kind: 'reply', status: 200, type, body: text };
      }
      case '/healthz':
        return textReply(200, 'alive');
      case '/readyz': {
        const reasons = reasonsNotReady();
        return jsonReply(reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons });
      }
      default:
        return (await pageFile(path)) ?? textReply(404, 'there are /, /metrics, /healthz and /readyz');
    }
  };
}
