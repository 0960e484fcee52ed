// Links and pictures in the pages of the packed package, and those whose file is not in it. It looks at files only, not at headings
// or at other hosts: docs.test.ts does that in the repository.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { PackedApp } from './packed.ts';

export function linksOf(app: PackedApp): {
  readonly links: readonly string[];
  readonly dead: readonly string[];
} {
  const home = app.script('transactional-outbox');
  const pages = app.files.filter((file) => file.endsWith('.md'));
  const links = pages.flatMap((page) => {
    const text = readFileSync(path.join(home, page), 'utf8');
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, target = '']) => target);
    return targets.map((target) => path.posix.join(path.posix.dirname(page), target));
  });
  return { links, dead: links.filter((target) => !existsSync(path.join(home, target))) };
}
