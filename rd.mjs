import { rolldown } from 'rolldown';

const mk = async (dir, external) => {
  const b = await rolldown({ input: 'build/apps/relayer/main.js', platform: 'node', external });
  await b.write({ dir, format: 'esm' });
};
await mk('outB', (id) => !id.startsWith('.') && !id.startsWith('/'));
await mk('outC', (id) => !id.startsWith('.') && !id.startsWith('/') && !id.startsWith('undici'));
