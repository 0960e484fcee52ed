// Style enforced: every source file keeps the house rules, and every rule is seen to bite.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { formRules } from './form-rules.ts';
import { projectRoot } from './helpers.ts';
import { houseRules } from './house-rules.ts';
import type { SourceFile } from './source-file.ts';
import { samples } from './tidy-samples.ts';

const rules = [...houseRules, ...formRules];
const read = /\.(ts|mjs|js|json|md|sql|prisma|yml|yaml)$/;
const madeInExample = ['node_modules', 'dist', 'src/generated'].map((name) => `examples/orders/${name}`);
const notOurs = [
  ...['node_modules', 'build', '.git', 'bench-results'],
  ...['prisma/generated', 'prisma/postgres/generated'],
  ...madeInExample,
];

function filesIn(folder: string): SourceFile[] {
  return readdirSync(path.join(projectRoot, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(folder, entry.name);
    if (notOurs.includes(name) || (entry.isDirectory() && entry.name.startsWith('chaos-'))) return [];
    if (entry.isDirectory()) return filesIn(name);
    return read.test(name) ? [{ path: name, text: readFileSync(path.join(projectRoot, name), 'utf8') }] : [];
  });
}

const files = filesIn('.');

test('there is something to look at', () => {
  const paths = files.map((file) => file.path);
  expect(paths).toEqual(
    expect.arrayContaining(['apps/outbox/store.ts', 'test/tidy.test.ts', 'package-lock.json']),
  );
  expect(paths.filter((name) => /^(apps|scripts)\//.test(name)).length).toBeGreaterThan(50);
});

describe('everywhere,', () => {
  test.each(rules)('$name', ({ check }) => {
    const problems = files.flatMap((file) =>
      check(file).map(({ line, what }) => `${file.path}:${line} ${what}`),
    );
    expect(problems).toEqual([]);
  });
});

describe('the rule', () => {
  test.each(samples)('$rule bites: $bad', ({ rule: name, path: where = 'apps/relayer/x.ts', bad, good }) => {
    const rule = rules.find((candidate) => name.test(candidate.name));
    const found = rule?.check({ path: where, text: bad }) ?? [];
    expect(found).not.toEqual([]);
    for (const { what } of found) expect(what).toMatch(/.+: .+/);
    if (good !== '') expect(rule?.check({ path: where, text: good })).toEqual([]);
  });

  test.each(rules)('"$name" has a sample', ({ name }) => {
    expect(samples.some(({ rule }) => rule.test(name))).toBe(true);
  });
});
