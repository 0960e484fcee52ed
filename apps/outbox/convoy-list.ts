// Convoy's lists, all pages of one. Bounded: a list that goes on for ever is as good as unreadable.
import { type ConvoyAccess, memberOf, type ReadRequest, readConvoy, type Unreadable } from './convoy.ts';

export type ListAnswer = { readonly kind: 'rows'; readonly rows: readonly unknown[] } | Unreadable;

const perPage = 500;
const mostPages = 100;
const longestPageBytes = 8 << 20;

/** Asks for all rows of a list, at most 50,000. Never throws. */
export async function listConvoy(
  access: ConvoyAccess,
  { path, parameters = {} }: Pick<ReadRequest, 'path' | 'parameters'>,
): Promise<ListAnswer> {
  const rows: unknown[] = [];
  let cursor = '';
  for (let page = 0; page < mostPages; page++) {
    const read = await readConvoy(access, {
      path,
      parameters: { ...parameters, perPage: String(perPage), direction: 'next', next_page_cursor: cursor },
      longestBytes: longestPageBytes,
    });
    if (read.kind === 'unreadable') return read;
    if (read.kind === 'too-large') return unreadable('an endless page');
    // A page in this version; a plain list would mean the same.
    const content = Array.isArray(read.data) ? read.data : memberOf(read.data, 'content');
    if (!Array.isArray(content)) return unreadable('no list');
    rows.push(...content);
    const pagination = memberOf(read.data, 'pagination');
    const next = memberOf(pagination, 'next_page_cursor');
    if (memberOf(pagination, 'has_next_page') !== true) return { kind: 'rows', rows };
    if (typeof next !== 'string' || next === '' || next === cursor)
      return unreadable('a page without a way on');
    cursor = next;
  }
  return unreadable('an endless list');
}

function unreadable(what: string): Unreadable {
  return { kind: 'unreadable', reason: `Convoy answered with ${what}`, retryAfterMs: null };
}
