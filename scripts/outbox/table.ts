// Rows in columns. On a terminal the last column is cut to fit; into a pipe everything goes out whole.

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** The lines of a table, without a line break at the end. `width` is that of the terminal, or null. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | null,
): readonly string[] {
  const all = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, index) => Math.max(...all.map((row) => lengthOf(row[index] ?? ''))));
  return all.map((row) => {
    const cells = columns.map(({ align }, index) => {
      const cell = row[index] ?? '';
      const padding = ' '.repeat((widths[index] ?? 0) - lengthOf(cell));
      return align === 'right' ? padding + cell : cell + padding;
    });
    return cut(cells.join('  ').trimEnd(), width);
  });
}

/** A text cut to a width, with an ellipsis where something is missing. */
export function cut(text: string, width: number | null): string {
  const characters = [...text];
  if (width === null || characters.length <= width) return text;
  return `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

function lengthOf(text: string): number {
  return [...text].length;
}
