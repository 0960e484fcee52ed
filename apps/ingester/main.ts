// Entry of the ingester.
import { runDaemon } from '../outbox/daemon.ts';
import { startIngester } from './start-ingester.ts';

void runDaemon(startIngester);
