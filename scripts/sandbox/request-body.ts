// Reads a request's body whole, with a limit on its size and on the wait for its next piece. It judges nothing.
import type { IncomingMessage } from 'node:http';

export type RequestBody =
  | { readonly kind: 'complete'; readonly bytes: Buffer }
  /** Nothing came for the time allowed. */
  | { readonly kind: 'stalled' }
  /** More than the limit came; the rest was not read. */
  | { readonly kind: 'too-large' }
  /** The client went away in the middle. */
  | { readonly kind: 'cut' };

/** Reads the body of `req`. Never rejects. */
export function readRequestBody(
  req: IncomingMessage,
  limits: { readonly stallMs: number; readonly maxBytes: number },
): Promise<RequestBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const timer = setTimeout(() => resolve({ kind: 'stalled' }), limits.stallMs);
    const settle = (body: RequestBody) => {
      clearTimeout(timer);
      resolve(body);
    };
    req.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > limits.maxBytes) return settle({ kind: 'too-large' });
      chunks.push(chunk);
      timer.refresh();
    });
    req.on('end', () => settle({ kind: 'complete', bytes: joined(chunks, length) }));
    req.on('error', () => settle({ kind: 'cut' }));
    req.on('close', () => settle({ kind: 'cut' }));
  });
}

function joined(chunks: readonly Buffer[], length: number): Buffer {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, length);
}
