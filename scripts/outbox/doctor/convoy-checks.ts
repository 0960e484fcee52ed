// What the doctor asks Convoy: is it there, does it take the key, is it the right project, does its clock agree, and has each
// business that has events an active endpoint with a subscription.
import { commandName } from '../../../apps/outbox/command-name.ts';
import type { ConvoyAccess } from '../../../apps/outbox/convoy.ts';
import { askDirectory, type ConvoyEndpoint } from '../../../apps/outbox/convoy-directory.ts';
import { askProject } from '../../../apps/outbox/convoy-project.ts';
import { errorText } from '../../../apps/outbox/log.ts';
import { isSandbox } from '../../../apps/outbox/sandbox-name.ts';
import { gatewayOf } from '../convoy-access.ts';
import type { OpenOutbox } from '../open-outbox.ts';
import { spanText } from '../wording.ts';
import { caution, type Finding, ok, unknown, wrong } from './finding.ts';

const mostBusinesses = 1_000;
const tolerableSkewMs = 60_000;

/** All findings about Convoy; none of its answers is ever taken for more than it says. */
export async function checkConvoy(outbox: OpenOutbox, nowMs: () => number): Promise<readonly Finding[]> {
  try {
    const { access, name } = await gatewayOf(outbox);
    const { reached, findings } = await checkProject(access, nowMs);
    const kind = isSandbox(name)
      ? [
          caution(
            'sandbox',
            `${name} is the local sandbox, NOT Convoy`,
            'fine for a trial; docs/convoy.md has the steps to a real one',
          ),
        ]
      : [];
    if (!reached) return [...kind, ...findings];
    return [...kind, ...findings, ...(await checkBusinesses(outbox, access))];
  } catch (error) {
    return [wrong('convoy', errorText(error), 'set what is missing')];
  }
}

async function checkProject(
  access: ConvoyAccess,
  nowMs: () => number,
): Promise<{ readonly reached: boolean; readonly findings: readonly Finding[] }> {
  const answer = await askProject(access);
  if (answer.kind === 'unknown') return { reached: false, findings: [refusal(access, answer)] };
  if (answer.projectId !== access.projectId) {
    const says = `CONVOY_PROJECT_ID is ${access.projectId}, but the key belongs to project ${answer.projectId}`;
    const todo = 'correct one of the two: events would go into the other project';
    return { reached: false, findings: [wrong('convoy project', says, todo)] };
  }
  const findings = [
    ok('convoy', `${access.baseUrl} answers, takes the key, and names project ${access.projectId}`),
  ];
  const skewMs = answer.serverMs === null ? 0 : answer.serverMs - nowMs();
  if (Math.abs(skewMs) > tolerableSkewMs) {
    const says = `Convoy's clock is ${spanText(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead' : 'behind'}`;
    findings.push(caution('convoy clock', says, 'check NTP on both machines'));
  } else {
    findings.push(ok('convoy clock', 'agrees with this one'));
  }
  return { reached: true, findings };
}

function refusal(
  access: ConvoyAccess,
  { reason, status }: { readonly reason: string; readonly status?: number },
): Finding {
  const says = `${access.baseUrl}: ${reason}`;
  switch (status) {
    case undefined:
      return wrong('convoy', says, 'check CONVOY_BASE_URL, the network, and that Convoy is up');
    case 401:
      return wrong(
        'convoy key',
        says,
        'check CONVOY_API_KEY; Convoy without its database refuses good keys, too',
      );
    case 400:
    case 404:
      return wrong('convoy project', says, 'check CONVOY_PROJECT_ID and CONVOY_BASE_URL');
    case 200:
      return wrong('convoy', says, 'check CONVOY_BASE_URL: something else than Convoy answers there');
    default:
      return wrong('convoy', says, 'check that Convoy is well');
  }
}

async function checkBusinesses({ store }: OpenOutbox, access: ConvoyAccess): Promise<readonly Finding[]> {
  const businesses = await store.businesses(mostBusinesses);
  if (businesses.length === 0) return [ok('businesses', 'there are no events yet')];
  const directory = await askDirectory(access);
  if (directory.kind === 'unreadable') {
    return [unknown('businesses', `endpoints cannot be read: ${directory.reason}`, 'try again')];
  }
  const findings = businesses.flatMap((business) => {
    const own = directory.endpoints.filter(({ owner }) => owner === business);
    return judgeBusiness(business, own, directory.subscribed) ?? [];
  });
  // Those that are not well have a line of their own, and say so; none is no praise.
  const well = businesses.length - findings.length;
  if (well === 0) return findings;
  const all =
    businesses.length === mostBusinesses ? `the first ${mostBusinesses}` : String(businesses.length);
  return [ok('businesses', `${well} of ${all} have an active endpoint with a subscription`), ...findings];
}

/** Null when the business is well. Pure: exported for its test. */
export function judgeBusiness(
  business: string,
  endpoints: readonly ConvoyEndpoint[],
  subscribed: ReadonlySet<string>,
): Finding | null {
  const check = `business ${business}`;
  const setup = `${commandName.outbox} convoy setup creates what is missing`;
  if (endpoints.length === 0) return wrong(check, 'has no endpoint: its events are held', setup);
  const active = endpoints.filter(({ status }) => status === 'active' || status === '');
  if (active.length === 0) {
    const states = [...new Set(endpoints.map(({ status }) => status))].join(', ');
    return wrong(
      check,
      `its endpoint is ${states}: Convoy accepts its events and does not deliver them`,
      'activate it in Convoy',
    );
  }
  const receiving = active.filter(({ uid }) => subscribed.has(uid));
  if (receiving.length === 0) {
    return wrong(check, 'its endpoint has no subscription: its events would fail, their keys burnt', setup);
  }
  const urls = new Set(receiving.map(({ url }) => url));
  if (urls.size < receiving.length) {
    return caution(
      check,
      `${receiving.length} endpoints for ${urls.size} URL: each event is delivered as often`,
      'delete the repeats in Convoy',
    );
  }
  return null;
}
