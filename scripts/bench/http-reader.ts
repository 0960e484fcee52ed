// Reads HTTP/1.1 requests from the chunks of one connection, as little of it as a benchmark's server needs: the request
// line, and a body of the announced length. It knows no chunked bodies, no continuation lines and no limits but its own.

/** One complete request. */
export interface SmallRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  /** Request line and headers. */
  readonly head: string;
  readonly body: Buffer;
}

const endOfHead = Buffer.from('\r\n\r\n');
const lengthOfBody = /\r\ncontent-length: *(\d+)/i;
const longestBytes = 4 * 1024 * 1024;

export class HttpReader {
  #rest: Buffer | null = null;

  /** Takes the next chunk and returns the requests that are now complete. Throws on what it cannot read. */
  read(chunk: Buffer): readonly SmallRequest[] {
    const bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    const requests: SmallRequest[] = [];
    let from = 0;
    for (let at = bytes.indexOf(endOfHead, from); at !== -1; at = bytes.indexOf(endOfHead, from)) {
      const head = bytes.toString('latin1', from, at);
      const bodyAt = at + endOfHead.length;
      const end = bodyAt + Number(lengthOfBody.exec(head)?.[1] ?? 0);
      if (end > bytes.length) break;
      const [method = '', target = ''] = head.slice(0, head.indexOf('\r\n')).split(' ', 2);
      requests.push({ method, target, head, body: bytes.subarray(bodyAt, end) });
      from = end;
    }
    this.#rest = from === bytes.length ? null : bytes.subarray(from);
    if ((this.#rest?.length ?? 0) > longestBytes) throw new Error('a request longer than this server reads');
    return requests;
  }
}
