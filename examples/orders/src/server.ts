// The service: POST /orders places an order, DELETE /orders/:id cancels it, GET /orders lists the newest.
import { createServer, type IncomingMessage } from 'node:http';
import process from 'node:process';
import { json } from 'node:stream/consumers';
import { OutboxError } from 'transactional-outbox';
import { prisma } from './database.ts';
import { Prisma } from './generated/client.ts';
import { cancelOrder, type NewOrder, placeOrder } from './orders.ts';

type Answer = readonly [status: number, body: unknown];

const server = createServer((request, response) => {
  answer(request)
    .catch(failure)
    .then(([status, body]) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
});

async function answer(request: IncomingMessage): Promise<Answer> {
  const { traceparent } = request.headers;
  const [path, id] = /^\/orders(?:\/(\d{1,9}))?$/.exec(request.url ?? '') ?? [];
  switch (path && `${request.method} ${id ? '/orders/:id' : '/orders'}`) {
    case 'GET /orders':
      return [200, await prisma.order.findMany({ orderBy: { id: 'desc' }, take: 100 })];
    case 'POST /orders': {
      const order = await json(request).catch(() => null);
      if (!isNewOrder(order)) return [400, { error: 'an order has a shop, a sku and a quantity' }];
      return [201, await placeOrder(order, traceparent)];
    }
    case 'DELETE /orders/:id':
      return [200, await cancelOrder(Number(id), traceparent)];
    default:
      return [404, { error: 'there are GET and POST /orders, and DELETE /orders/:id' }];
  }
}

function isNewOrder(value: unknown): value is NewOrder {
  const { shop, sku, quantity, ...others } = Object(value);
  const isComplete = typeof shop === 'string' && typeof sku === 'string' && Number.isSafeInteger(quantity);
  return isComplete && quantity > 0 && Object.keys(others).length === 0;
}

/** The caller can mend what the outbox refused and what Prisma did not find; anything else is ours. */
function failure(error: unknown): Answer {
  if (error instanceof OutboxError && error.code === 'ERR_OUTBOX_EVENT_INVALID') {
    return [400, { error: error.message }];
  }
  if (error instanceof Prisma.PrismaClientKnownRequestError && ['P2003', 'P2025'].includes(error.code)) {
    return [409, { error: 'out of stock, or no such product or order' }];
  }
  console.error(error);
  return [500, { error: 'this failed, and nothing was changed' }];
}

server.listen(Number(process.env.PORT ?? 3000), () => {
  const { port } = Object(server.address());
  console.log(`orders: http://localhost:${port}/orders`);
});

process.once('SIGTERM', () => server.close(() => void prisma.$disconnect()));
