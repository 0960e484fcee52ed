// The gateway as a process of its own, asked through its channel. Ends when whoever started it is gone.
import { Gateway } from './gateway.ts';
import type { GatewayAnswer, GatewayQuestion } from './gateway-link.ts';
import { StoredList } from './stored-list.ts';

const latencyMs = Number(process.argv[2] ?? 0);
let awaited: { readonly id: number; readonly events: number } | null = null;
const gateway = new Gateway({ latencyMs, onArrivals: answerAwaited });

process.on('disconnect', () => process.exit());
// Ctrl-C is the business of whoever started it.
process.on('SIGINT', () => {});
process.on('message', (question: GatewayQuestion) => {
  switch (question.kind) {
    case 'counts':
      return tell({ id: question.id, value: gateway.tally.counts });
    case 'arrivals':
      return tell({ id: question.id, value: gateway.tally.arrivals });
    case 'connections':
      return tell({ id: question.id, value: gateway.connections });
    case 'shares':
      return tell({ id: question.id, value: gateway.shares });
    case 'reset':
      gateway.reset();
      return tell({ id: question.id, value: null });
    case 'answer-after':
      gateway.answerAfter(question.latencyMs);
      return tell({ id: question.id, value: null });
    case 'has-stored':
      gateway.stored = question.events === null ? null : new StoredList(question.events);
      return tell({ id: question.id, value: null });
    case 'accepted':
      awaited = question;
      return answerAwaited();
    default:
      return question satisfies never;
  }
});
tell({ id: 0, value: await gateway.listen() });

/** Somebody waits for so many events. */
function answerAwaited(): void {
  if (awaited === null || gateway.tally.accepted < awaited.events) return;
  tell({ id: awaited.id, value: null });
  awaited = null;
}

function tell(answer: GatewayAnswer): void {
  process.send?.(answer);
}
