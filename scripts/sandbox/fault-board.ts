// Which faults are active, and which of them a request meets. It draws the dice and counts; it does nothing to
// requests itself.
import { type Fault, type FaultKind, type FaultOrder, needsEvent, type SlowFault } from './fault.ts';

/** An active fault. */
export interface ActiveFault {
  readonly id: string;
  readonly order: FaultOrder;
  /** Requests it may still touch; null without a limit. */
  readonly remaining: number | null;
  /** Requests it has touched. */
  readonly touched: number;
}

/** What is known of a request when its faults are chosen. */
export interface FaultCandidate {
  readonly traffic: 'events' | 'reads';
  /** Absent for reads and for bodies that would be refused anyway. */
  readonly event?: { readonly key: string; readonly owner: string };
}

/** What one request has to suffer: at most a delay and one other fault, the ones ordered first. */
export interface FaultPlan {
  readonly slow: SlowFault | null;
  readonly fault: PlannedFault | null;
}

export type PlannedFault = Exclude<Fault, SlowFault>;

/** Switches faults on and off. Changes count for requests that come afterwards. */
export interface FaultControls {
  /** Adds a fault behind the active ones. Throws a RangeError beyond `MAX_ACTIVE_FAULTS`. */
  add(order: FaultOrder): ActiveFault;
  /** Whether there was such a fault. */
  remove(id: string): boolean;
  /** Makes these the only active faults; without arguments, ends all. */
  replace(orders?: readonly FaultOrder[]): readonly ActiveFault[];
  active(): readonly ActiveFault[];
  /** Requests touched since the start, by kind, ended faults included. */
  touched(): Readonly<Partial<Record<FaultKind, number>>>;
}

export interface FaultBoard extends FaultControls {
  /** Whether this request is to be reset before its body is read. */
  takesReset(traffic: 'events' | 'reads'): boolean;
  /** What this request meets, `reset` left aside. */
  choose(candidate: FaultCandidate): FaultPlan;
}

/** More faults than this cannot be active at once. */
export const MAX_ACTIVE_FAULTS = 100;
const noFaults: FaultPlan = { slow: null, fault: null };

interface Rule {
  readonly id: string;
  readonly order: FaultOrder;
  remaining: number | null;
  touched: number;
}

/** A board without faults. `random` gives numbers from 0 up to 1 and decides probabilities. */
export function createFaultBoard(random: () => number): FaultBoard {
  let rules: Rule[] = [];
  let lastId = 0;
  const touched: Partial<Record<FaultKind, number>> = {};

  function add(order: FaultOrder): ActiveFault {
    if (rules.length >= MAX_ACTIVE_FAULTS)
      throw new RangeError(`at most ${MAX_ACTIVE_FAULTS} faults can be active`);
    const rule: Rule = { id: String(++lastId), order, remaining: order.remaining ?? null, touched: 0 };
    rules.push(rule);
    return { ...rule };
  }

  /** Counts the request against the rule if the dice say so. */
  function touches(rule: Rule): boolean {
    if (random() >= (rule.order.probability ?? 1)) return false;
    rule.touched++;
    touched[rule.order.kind] = (touched[rule.order.kind] ?? 0) + 1;
    if (rule.remaining !== null && --rule.remaining === 0) rules = rules.filter((other) => other !== rule);
    return true;
  }

  return {
    add,
    remove(id) {
      const before = rules.length;
      rules = rules.filter((rule) => rule.id !== id);
      return rules.length < before;
    },
    replace(orders = []) {
      rules = [];
      return orders.map(add);
    },
    active: () => rules.map((rule) => ({ ...rule })),
    touched: () => ({ ...touched }),
    takesReset: (traffic) =>
      rules.some((rule) => rule.order.kind === 'reset' && isInTraffic(rule.order, traffic) && touches(rule)),
    choose(candidate) {
      if (rules.length === 0) return noFaults;
      let slow: SlowFault | null = null;
      let fault: PlannedFault | null = null;
      for (const rule of rules) {
        const { order } = rule;
        const isWanted = order.kind === 'slow' ? slow === null : fault === null && order.kind !== 'reset';
        if (!isWanted || !isMeant(order, candidate) || !touches(rule)) continue;
        if (order.kind === 'slow') slow = order;
        else fault = order;
      }
      return { slow, fault };
    },
  };
}

function isInTraffic(order: FaultOrder, traffic: 'events' | 'reads'): boolean {
  const wanted = order.traffic ?? 'events';
  return wanted === 'all' || wanted === traffic;
}

function isMeant(order: FaultOrder, { traffic, event }: FaultCandidate): boolean {
  if (!isInTraffic(order, traffic)) return false;
  if (needsEvent(order.kind) && event === undefined) return false;
  if (order.key !== undefined && order.key !== event?.key) return false;
  return order.owner === undefined || order.owner === event?.owner;
}
