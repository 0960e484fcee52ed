// The frame of every picture: one SVG file that needs nothing else, in colours that change with the reader's light or dark
// setting. It knows no chart.

/** What a colour is for, and how it looks on light and on dark paper. */
const palette = {
  paper: ['#ffffff', '#0d1117'],
  ink: ['#1f2328', '#e6edf3'],
  muted: ['#59636e', '#9198a1'],
  line: ['#d1d9e0', '#30363d'],
  grey: ['#b4bcc6', '#59636e'],
  blue: ['#2f6fde', '#58a6ff'],
  green: ['#1a7f37', '#3fb950'],
  red: ['#cf222e', '#ff7b72'],
  orange: ['#bc4c00', '#f0883e'],
  violet: ['#8250df', '#bc8cff'],
} as const;

/** Fill with `class="fill-NAME"`, draw lines with `class="stroke-NAME"`. */
export type Colour = keyof typeof palette;

const fonts = 'DejaVu Sans, Helvetica, Arial, sans-serif';

export interface SvgDocument {
  readonly width: number;
  readonly height: number;
  /** What it shows, for those who cannot see it. */
  readonly title: string;
  readonly body: readonly string[];
}

/** The text of the file. */
export function svgDocument({ width, height, title, body }: SvgDocument): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="${fonts}">`,
    `<title>${escapeXml(title)}</title>`,
    // Plain rules and no variables: more programs than browsers draw SVG.
    `<style>${rules(0)}@media (prefers-color-scheme: dark){${rules(1)}}</style>`,
    `<rect width="${width}" height="${height}" class="fill-paper"/>`,
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

function rules(scheme: 0 | 1): string {
  return Object.entries(palette)
    .map(
      ([name, { [scheme]: colour }]) =>
        `.fill-${name}{fill:${colour}}.stroke-${name}{stroke:${colour};fill:none}`,
    )
    .join('');
}

export interface TextStyle {
  readonly x: number;
  /** Of the base line. */
  readonly y: number;
  readonly size: number;
  /** Default: ink. */
  readonly colour?: Colour;
  readonly isBold?: boolean;
  /** Which end of the text stands at `x`. Default: start. */
  readonly anchor?: 'start' | 'middle' | 'end';
}

export function svgText(style: TextStyle, content: string): string {
  const { x, y, size, colour = 'ink', isBold = false, anchor = 'start' } = style;
  const weight = isBold ? ' font-weight="bold"' : '';
  const side = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  return `<text x="${short(x)}" y="${short(y)}" font-size="${size}"${weight}${side} class="fill-${colour}">${escapeXml(content)}</text>`;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A filled rectangle. */
export function svgBox(
  { x, y, width, height }: Box,
  { colour, opacity = 1 }: { readonly colour: Colour; readonly opacity?: number },
): string {
  const veil = opacity === 1 ? '' : ` fill-opacity="${opacity}"`;
  return `<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" class="fill-${colour}"${veil}/>`;
}

/** A tenth of a pixel is finer than anybody sees, and keeps the file small. */
export function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
