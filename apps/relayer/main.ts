// Entry of the relayer.
import { runDaemon } from '../outbox/daemon.ts';
import { startRelayer } from './start-relayer.ts';

void runDaemon(startRelayer);
