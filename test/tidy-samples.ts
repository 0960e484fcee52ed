// One way to break each house rule, and one way to keep it: proof that the rules bite.
import { projectRoot } from './helpers.ts';

/** One way to break each rule, and what keeps it. */
export const samples: readonly {
  readonly rule: RegExp;
  readonly path?: string;
  readonly bad: string;
  readonly good: string;
}[] = [
  {
    rule: /each room/,
    path: 'apps/outbox/x.ts',
    bad: `import { a } from '../relayer/a.ts';`,
    good: `import { a } from './a.ts';`,
  },
  {
    rule: /each room/,
    path: 'apps/outbox/x.ts',
    bad: `export * from '../ingester/a.ts';`,
    good: `export * from './a.ts';`,
  },
  {
    rule: /each room/,
    path: 'apps/relayer/x.ts',
    bad: `await import('../ingester/a.ts');`,
    good: `await import('../outbox/a.ts');`,
  },
  {
    rule: /each room/,
    path: 'apps/ingester/x.ts',
    bad: `import type { A } from '../relayer/a.ts';`,
    good: `import './a.ts';`,
  },
  {
    rule: /each room/,
    path: 'apps/outbox/x.ts',
    bad: `import { a } from '../../test/helpers.ts';`,
    good: '',
  },
  {
    rule: /each room/,
    path: 'scripts/chaos/x.ts',
    bad: `import { a } from '../../apps/relayer/a.ts';`,
    good: `import { a } from '../../apps/outbox/a.ts';`,
  },
  {
    rule: /each room/,
    path: 'scripts/bench/x.ts',
    bad: `import { a } from '../../apps/relayer/relayer.ts';`,
    good: `import { Pool } from 'undici';\nimport { a } from '../../apps/relayer/deliver.ts';\nimport { b } from '../../apps/outbox/sqlite/connection.ts';`,
  },
  {
    rule: /one door/,
    path: 'apps/relayer/x.ts',
    bad: `import { Pool } from 'undici';`,
    good: `import { deliver } from './deliver.ts';`,
  },
  {
    rule: /one door/,
    path: 'apps/relayer/x.ts',
    bad: `const p = createRequire(import.meta.url)('undici/lib/x.js');`,
    good: `const p = createRequire(import.meta.url)('./x.js');`,
  },
  {
    rule: /one door/,
    path: 'apps/outbox/x.ts',
    bad: `const got = require('got');`,
    good: `// got is a word`,
  },
  {
    rule: /one door/,
    path: 'apps/ingester/x.ts',
    bad: `import { PrismaClient } from '../../prisma/generated/client.ts';`,
    good: `import { open } from '../outbox/prisma-client.ts';`,
  },
  { rule: /one door/, path: 'apps/relayer/x.ts', bad: `import Database from 'better-sqlite3';`, good: '' },
  {
    rule: /one door/,
    path: 'apps/relayer/status/x.ts',
    bad: `import { Gauge } from 'prom-client';`,
    good: `import { createExporter } from './prometheus.ts';`,
  },
  {
    rule: /one door/,
    path: 'apps/relayer/status/x.ts',
    bad: `import { createServer } from 'node:http';`,
    good: `import { openServer } from './server.ts';`,
  },
  {
    rule: /one door/,
    path: 'apps/outbox/x.ts',
    bad: `import type { A } from '@prisma/client/runtime';`,
    good: '',
  },
  {
    rule: /one door/,
    path: 'apps/outbox/x.ts',
    bad: `import { setTimeout } from 'node:timers/promises';`,
    good: `import path from 'node:path';`,
  },
  {
    rule: /has a door/,
    path: 'apps/outbox/x.ts',
    bad: `import _ from 'lodash';`,
    good: `import got from 'got';`,
  },
  {
    rule: /touch the process/,
    path: 'apps/outbox/x.ts',
    bad: `const { pid } = process;`,
    good: `const text = 'process'; // process.exit`,
  },
  {
    rule: /asks for the time/,
    path: 'apps/relayer/x.ts',
    bad: 'const a = [Date.now()];',
    good: `const a = new Date(0); // Date.now()`,
  },
  {
    rule: /asks for the time/,
    path: 'apps/relayer/x.ts',
    bad: `const a = new Date();`,
    good: `const a = 'new Date()';`,
  },
  {
    rule: /asks for the time/,
    path: 'apps/relayer/x.ts',
    bad: `setTimeout(f, 1);`,
    good: `clock.after(1, f);`,
  },
  {
    rule: /asks for the time/,
    path: 'apps/relayer/x.ts',
    bad: `const now = performance.now;`,
    good: `const now = clock.monotonicMs;`,
  },
  { rule: /200 lines/, bad: '// a\n'.repeat(201), good: '// a\n'.repeat(200) },
  {
    rule: /70 lines/,
    bad: `function f() {\n${'a();\n'.repeat(69)}}`,
    good: `function f() {\n${'a();\n'.repeat(68)}}`,
  },
  { rule: /70 lines/, bad: `const f = () => {\n${'a();\n'.repeat(69)}};`, good: '' },
  {
    rule: /70 lines/,
    bad: `class A { #f() {\n${'a();\n'.repeat(69)}} }`,
    good: `class A {\n${'a;\n'.repeat(90)}}`,
  },
  { rule: /named for its idea/, path: 'apps/outbox/utils.ts', bad: '', good: '' },
  { rule: /named for its idea/, path: 'test/types.ts', bad: '', good: '' },
  {
    rule: /begins with its job/,
    bad: `import a from './a.ts';`,
    good: `// The job.\nimport a from './a.ts';`,
  },
  { rule: /left to be done/, bad: `// ${'TO'}DO: later`, good: '// todos are a noun' },
  { rule: /without a type/, bad: 'const a: any = 1;', good: 'const any = 1; // any' },
  { rule: /without a type/, bad: 'const a = b as any;', good: 'const a = b as unknown;' },
  {
    rule: /download address/,
    path: 'package-lock.json',
    bad: '{\n "resolved": "https://r/x.tgz" }',
    good: '{ "version": "1" }',
  },
  { rule: /path of a machine/, path: 'docs/x.md', bad: `see ${projectRoot}/x`, good: 'see ./x' },
  { rule: /path of a machine/, path: 'docs/x.md', bad: `see /${'home'}/somebody/x`, good: 'see ~/x' },
];
