// The limit as a process of its own. It does one database as soon as it starts, cold, as a started relayer does, and others
// when it is asked to, warm.
import { type BareWork, relayInHalves, relayInTurns } from './bare-relay.ts';
import type { ChildAnswer } from './child-link.ts';

const [order, client, database = '', baseUrl = '', slots = ''] = process.argv.slice(2);
if ((order !== 'halves' && order !== 'turns') || (client !== 'relayer' && client !== 'pool')) {
  throw new Error(`no limit in ${order} with the client ${client}`);
}
const relay = order === 'turns' ? relayInTurns : relayInHalves;
const first: BareWork = { database, baseUrl, slots: Number(slots), client };

process.on('disconnect', () => process.exit());
process.on('SIGINT', () => {});
process.on('message', async (question: { readonly id: number; readonly database: string }) => {
  tell({ id: question.id, value: await relay({ ...first, database: question.database }) });
});
void relay(first).then((value) => tell({ id: 0, value }));

function tell(answer: ChildAnswer): void {
  process.send?.(answer);
}
