// Makes up invoices. Pure: chance and names are passed in, so that a seed repeats them.

/** A business that owes its customers webhooks; its id is the owner of the Convoy endpoints. */
export interface Business {
  readonly id: string;
  readonly name: string;
}

/** The five businesses of the demo, always the same. */
export const businesses = [
  { id: '550e8400-e29b-41d4-a716-446655440000', name: 'Acme Corp' },
  { id: '6ba7b810-9dad-11d1-80b4-00c04fd430c8', name: 'TechStart Inc' },
  { id: '7ba7b810-9dad-11d1-80b4-00c04fd430c9', name: 'Global Solutions' },
  { id: '8ba7b810-9dad-11d1-80b4-00c04fd430ca', name: 'Innovate Labs' },
  { id: '9ba7b810-9dad-11d1-80b4-00c04fd430cb', name: 'Future Systems' },
] as const satisfies readonly Business[];

/** An invoice that is not recorded yet. */
export interface Invoice {
  readonly id: string;
  readonly business: Business;
  /** Minor units (cents): money is counted, never rounded. */
  readonly amountMinor: number;
  readonly currency: string;
  readonly status: string;
  readonly description: string;
}

const currencies = ['USD', 'EUR', 'GBP'];
const statuses = ['draft', 'sent', 'paid', 'overdue'];
const services = [
  'Consulting services',
  'Software licence',
  'Cloud hosting',
  'Support and maintenance',
  'Design work',
  'Staff training',
];
const smallestAmountMinor = 9_999;
const largestAmountMinor = 1_009_899;

/** Where invoices get their chance from. */
export interface Chance {
  /** At least 0, less than 1. */
  readonly random: () => number;
  /** A text never returned before, by any process: the invoice's id. A UUID. */
  readonly newId: () => string;
}

/** Makes up an invoice over 99.99 to 10,098.99, every cent equally likely. */
export function generateInvoice({ random, newId }: Chance): Invoice {
  const amounts = largestAmountMinor - smallestAmountMinor + 1;
  return {
    id: newId(),
    business: oneOf(businesses, random),
    amountMinor: smallestAmountMinor + Math.floor(random() * amounts),
    currency: oneOf(currencies, random),
    status: oneOf(statuses, random),
    description: oneOf(services, random),
  };
}

function oneOf<Item>(items: readonly Item[], random: () => number): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('random() returned something outside 0 to 1');
  return item;
}
