// The few pieces that the cards are made of: elements from texts, never from HTML, and tables of them.

/** @typedef {{ number?: boolean, tight?: boolean, title?: string, level?: string, soft?: boolean, isExtra?: boolean }} CellStyle `isExtra`: left out on a phone */
/** @typedef {string | [string, CellStyle]} Cell */

/** @param {string} tag @param {string} text @param {string} [className] */
export function element(tag, text, className) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className !== undefined) made.className = className;
  return made;
}

/** @param {string} id @param {Node[]} nodes */
export function fill(id, ...nodes) {
  document.getElementById(id)?.replaceChildren(...nodes.flat());
}

/** @param {Cell[]} heads @param {Cell[][]} rows */
export function table(heads, rows) {
  const made = document.createElement('table');
  const head = made.createTHead().insertRow();
  for (const cell of heads) head.append(cellOf('th', cell));
  const body = made.createTBody();
  for (const row of rows) body.insertRow().append(...row.map((cell) => cellOf('td', cell)));
  return made;
}

/** @param {'th' | 'td'} tag @param {Cell} cell */
function cellOf(tag, cell) {
  const [text, style] = typeof cell === 'string' ? [cell, /** @type {CellStyle} */ ({})] : cell;
  const made = element(tag, style.level === undefined ? text : '');
  if (style.level !== undefined) {
    const pill = element('span', text, 'pill');
    pill.dataset.level = style.level;
    made.append(pill);
  }
  if (style.number) made.classList.add('number');
  if (style.tight) made.classList.add('tight');
  if (style.soft) made.classList.add('soft');
  if (style.isExtra) made.classList.add('wide-only');
  if (style.title !== undefined) made.title = style.title;
  return made;
}

/** @param {string} text */
export function command(text) {
  const box = element('div', '', 'command');
  const button = element('button', 'copy');
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = 'copied';
  });
  box.append(element('code', text), button);
  return box;
}
