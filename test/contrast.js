// How readable a page is, by the rules of WCAG 2: the contrast of each text with what lies behind it. Runs in the page.

/** @typedef {[number, number, number, number]} Colour red, green, blue up to 255, alpha up to 1 */

/**
 * Every text whose contrast is below what WCAG asks for at level AA, and how many texts were looked at. Self-contained: the
 * browser gets its source.
 */
export function findFaint() {
  /** @param {string} css @returns {Colour} */
  const parse = (css) => {
    const numbers = (css.match(/[\d.]+(e-?\d+)?/g) ?? []).map(Number);
    // color-mix() is computed as color(srgb ...), with channels up to 1.
    const scale = css.startsWith('color(') ? 255 : 1;
    const [r = 0, g = 0, b = 0, alpha = 1] = numbers;
    return [r * scale, g * scale, b * scale, alpha];
  };
  /** @param {Colour} top @param {Colour} below @returns {Colour} */
  const over = (top, below) => {
    /** @param {0 | 1 | 2} index */
    const mix = (index) => top[index] * top[3] + below[index] * (1 - top[3]);
    return [mix(0), mix(1), mix(2), 1];
  };
  /** @param {Element | null} element @returns {Colour} */
  const behind = (element) => {
    if (element === null) return [255, 255, 255, 1];
    const own = parse(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, behind(element.parentElement));
  };
  /** @param {Colour} colour */
  const luminance = ([r, g, b]) => {
    const [red = 0, green = 0, blue = 0] = [r, g, b].map((channel) => {
      const share = channel / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  /** @type {{ text: string, ratio: number }[]} */
  const faint = [];
  let looked = 0;
  for (const element of document.body.querySelectorAll('*')) {
    const own = [...element.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE);
    const text = own.map(({ textContent }) => textContent?.trim()).join('');
    if (text === '' || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const background = behind(element);
    const light = luminance(over(parse(style.color), background)) + 0.05;
    const dark = luminance(background) + 0.05;
    const ratio = Math.max(light / dark, dark / light);
    const size = Number.parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    looked += 1;
    if (ratio < (isLarge ? 3 : 4.5)) faint.push({ text, ratio });
  }
  return { looked, faint };
}
