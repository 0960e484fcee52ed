// Convoy's paging: items in the order of their uid, so many a page, and a cursor that says where the next page begins.
// It knows nothing of what the items are.

export interface PageOrder {
  /** At least 0. */
  readonly perPage: number;
  readonly isAscending: boolean;
  /** The uid of the last item of the page before; empty for the first page. */
  readonly cursor: string;
}

export interface Page<Item> {
  readonly content: readonly Item[];
  readonly pagination: {
    readonly per_page: number;
    readonly has_next_page: boolean;
    readonly has_prev_page: boolean;
    readonly prev_page_cursor: string;
    readonly next_page_cursor: string;
  };
}

/** Reads the order of a page from a query, or returns null for a size under 0, at which Convoy's handler crashes. */
export function pageOrder(parameters: URLSearchParams): PageOrder | null {
  const given = Number.parseInt(parameters.get('perPage') ?? '', 10);
  const perPage = Number.isNaN(given) || given === 0 ? 20 : given;
  if (perPage < 0) return null;
  const isAscending = parameters.get('sort')?.toUpperCase() === 'ASC';
  return { perPage, isAscending, cursor: parameters.get('next_page_cursor') ?? '' };
}

/** The page of `items` that follows the cursor. */
export function pageOf<Item extends { readonly uid: string }>(
  items: readonly Item[],
  order: PageOrder,
): Page<Item> {
  const sign = order.isAscending ? 1 : -1;
  const sorted = items.toSorted((a, b) => (a.uid < b.uid ? -sign : sign));
  const isAfter = ({ uid }: Item) => (order.isAscending ? uid > order.cursor : uid < order.cursor);
  const rest = order.cursor === '' ? sorted : sorted.filter(isAfter);
  const content = rest.slice(0, order.perPage);
  return {
    content,
    pagination: {
      per_page: order.perPage,
      has_next_page: rest.length > content.length,
      has_prev_page: rest.length < sorted.length,
      prev_page_cursor: content[0]?.uid ?? '',
      next_page_cursor: content.at(-1)?.uid ?? '',
    },
  };
}
