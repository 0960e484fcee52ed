// docs/configuration.md is what the flag definitions say. `npm run docs` writes it anew.
import { expect, test } from 'vitest';
import { configurationDoc } from './configuration-doc.ts';

test('docs/configuration.md is current; if not: npm run docs', async () => {
  await expect(configurationDoc()).toMatchFileSnapshot('../docs/configuration.md');
});

test('every flag says what it takes', () => {
  const rows = configurationDoc().match(/^\| `--.*$/gm) ?? [];
  expect(rows.length).toBeGreaterThan(25);
  expect(rows.filter((row) => row.split(' | ')[3]?.trim() === '')).toEqual([]);
});
