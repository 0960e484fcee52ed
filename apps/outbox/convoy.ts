// Convoy's API beyond delivering: for now, which project a key belongs to. A handful of requests a minute, through
// got; it loads slowly, so what must start fast imports this file late.
import got, { CancelError, HTTPError, type Response } from 'got';

export interface ConvoyAccess {
  /** Ends in `/api`. */
  readonly baseUrl: string;
  readonly projectId: string;
  readonly apiKey: string;
  /** Bound on the whole request. */
  readonly timeoutMs: number;
}

/** What asking for the project came to. */
export type ProjectAnswer =
  | { readonly kind: 'project'; readonly projectId: string }
  /** No answer that says which project it is: try again later. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** Convoy's answer is about 1 KiB. */
const longestAnswerBytes = 64 * 1024;

/**
 * Asks which project the key belongs to. With a project key Convoy ignores the id in the path and answers with the
 * key's own project, so comparing the two is the only way to notice a wrong id, which would otherwise deliver
 * into another project. Never throws.
 */
export async function askProject(access: ConvoyAccess): Promise<ProjectAnswer> {
  try {
    const asking = got(`${access.baseUrl}/v1/projects/${encodeURIComponent(access.projectId)}`, {
      headers: { authorization: `Bearer ${access.apiKey}` },
      timeout: { request: access.timeoutMs },
      retry: { limit: 0 },
      followRedirect: false,
      throwHttpErrors: false,
      // What is counted below is then what is kept in memory.
      decompress: false,
    });
    void asking.on('downloadProgress', ({ transferred }) => {
      if (transferred > longestAnswerBytes) asking.cancel();
    });
    const response = await asking;
    return projectOf(response);
  } catch (error) {
    return {
      kind: 'unknown',
      reason: error instanceof HTTPError ? String(error.response.statusCode) : codeOf(error),
    };
  }
}

function projectOf(response: Response<string>): ProjectAnswer {
  const uid = response.statusCode === 200 ? uidIn(response.body) : null;
  if (uid !== null) return { kind: 'project', projectId: uid };
  const type = response.headers['content-type']?.split(';')[0] ?? 'no content type';
  return { kind: 'unknown', reason: `HTTP ${response.statusCode} (${type}) instead of the project` };
}

function uidIn(body: string): string | null {
  try {
    const answer: unknown = JSON.parse(body);
    const data = typeof answer === 'object' && answer !== null && 'data' in answer ? answer.data : null;
    return typeof data === 'object' && data !== null && 'uid' in data && typeof data.uid === 'string'
      ? data.uid
      : null;
  } catch {
    return null;
  }
}

function codeOf(error: unknown): string {
  if (error instanceof CancelError)
    return `answer longer than ${longestAnswerBytes} bytes: this is not Convoy`;
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string'
    ? `${error.code}: ${error.message}`
    : error.message;
}
