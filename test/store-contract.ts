// What every implementation of OutboxStore must do, as a suite that runs once per store. It knows no database: what it
// needs beside the store's own verbs, a harness gives it.
import { describe } from 'vitest';
import { auditContract } from './store-contract-audit.ts';
import { claimContract } from './store-contract-claim.ts';
import { confirmContract } from './store-contract-confirm.ts';
import { crashContract } from './store-contract-crash.ts';
import { keepingContract } from './store-contract-keeping.ts';
import { listingContract } from './store-contract-listing.ts';
import { liveContract } from './store-contract-live.ts';
import { operatorContract } from './store-contract-operator.ts';
import { overviewContract } from './store-contract-overview.ts';
import { ownersContract } from './store-contract-owners.ts';
import { recordContract } from './store-contract-record.ts';
import { redriveContract } from './store-contract-redrive.ts';
import { settleContract } from './store-contract-settle.ts';
import type { CreateDatabase } from './store-contract-steps.ts';
import { takeoverContract } from './store-contract-takeover.ts';

/** Runs the whole suite. `name` is the store's name in the report. */
export function storeContract(name: string, create: CreateDatabase): void {
  describe(`${name}: claim`, () => claimContract(create));
  describe(`${name}: settle`, () => settleContract(create));
  describe(`${name}: crash counter`, () => crashContract(create));
  describe(`${name}: takeover`, () => takeoverContract(create));
  describe(`${name}: resume, prune`, () => keepingContract(create));
  describe(`${name}: confirm`, () => confirmContract(create));
  describe(`${name}: audit`, () => auditContract(create));
  describe(`${name}: owners`, () => ownersContract(create));
  describe(`${name}: list and find`, () => listingContract(create));
  describe(`${name}: redrive and discard`, () => operatorContract(create));
  describe(`${name}: redriven keys`, () => redriveContract(create));
  describe(`${name}: overview`, () => overviewContract(create));
  describe(`${name}: live page`, () => liveContract(create));
  describe(`${name}: record and numbers`, () => recordContract(create));
}
