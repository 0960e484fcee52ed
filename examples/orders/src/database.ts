// The service's one connection to its database: its own generated client, guarded by the outbox.
import process from 'node:process';
import { openOutboxClient } from 'transactional-outbox';
import { PrismaClient } from './generated/client.ts';

const url = process.env.DATABASE_URL ?? 'file:./orders.db';

export const prisma = await openOutboxClient({ url }, (adapter) => new PrismaClient({ adapter }));
