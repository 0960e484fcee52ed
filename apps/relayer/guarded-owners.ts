// Connects the owner guard to Convoy and to the database. got loads late: only a question needs it.

import type { ConvoyAccess } from '../outbox/convoy.ts';
import { errorText } from '../outbox/log.ts';
import type { OutboxStore } from '../outbox/store.ts';
import type { RelayerSettings } from './config.ts';
import { OwnerGuard, type OwnerGuardParts } from './owner-guard.ts';

export interface GuardedOwnersParts extends Omit<OwnerGuardParts, 'ask' | 'wasAccepted'> {
  readonly settings: Pick<RelayerSettings, 'owner-guard'>;
  readonly access: ConvoyAccess;
  /** URL of the project. */
  readonly gateway: string;
  readonly store: Pick<OutboxStore, 'wasAccepted'>;
}

/** The guard as a part of the relayer, or nothing when it is switched off. */
export function guardedOwners(parts: GuardedOwnersParts): { readonly owners?: OwnerGuard } {
  const { settings, access, gateway, store, signal } = parts;
  if (settings['owner-guard'] === 'no') return {};
  const owners = new OwnerGuard({
    ...parts,
    async ask(owner) {
      try {
        const { askEndpoints } = await import('../outbox/convoy-endpoints.ts');
        return await askEndpoints(access, owner, signal);
      } catch (error) {
        return { kind: 'unreadable', reason: errorText(error), retryAfterMs: null };
      }
    },
    wasAccepted: (businessId) => store.wasAccepted({ businessId, gateway }),
  });
  return { owners };
}
