// What the service does with orders. Every change and the event that announces it are one transaction: both are
// committed, or neither.
import { append } from 'transactional-outbox';
import { prisma } from './database.ts';
import type { Order, Prisma } from './generated/client.ts';

export interface NewOrder {
  readonly shop: string;
  readonly sku: string;
  readonly quantity: number;
}

/** Places an order. Throws when the stock does not suffice: then there is no order, and no webhook either. */
export function placeOrder(order: NewOrder, traceparent: Traceparent): Promise<Order> {
  return prisma.$transaction(async (tx) => {
    const placed = await tx.order.create({ data: order });
    await announce(tx, placed, traceparent);
    await tx.product.update({
      where: { sku: order.sku, stock: { gte: order.quantity } },
      data: { stock: { decrement: order.quantity } },
    });
    return placed;
  });
}

/** Cancels an order and gives its goods back. Throws when there is none to cancel. */
export function cancelOrder(id: number, traceparent: Traceparent): Promise<Order> {
  return prisma.$transaction(async (tx) => {
    const cancelled = await tx.order.update({
      where: { id, status: 'placed' },
      data: { status: 'cancelled' },
    });
    await announce(tx, cancelled, traceparent);
    const { sku, quantity } = cancelled;
    await tx.product.update({ where: { sku }, data: { stock: { increment: quantity } } });
    return cancelled;
  });
}

/** The trace context of the request, if it had one: the webhook carries it on. */
type Traceparent = string | string[] | undefined;

function announce(tx: Prisma.TransactionClient, order: Order, traceparent: Traceparent): Promise<string> {
  const { id, shop, sku, quantity, status } = order;
  return append(tx, {
    businessId: shop,
    eventType: `order.${status}`,
    payload: { id, sku, quantity, status },
    traceparent,
  });
}
