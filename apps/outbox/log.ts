// Structured log lines, for people by default and as JSON on request. Messages are constant and lower-case; what
// varies goes into fields. Payloads are never passed in, and known secrets are masked wherever they turn up.
import type { LogEntry, Logform, Logger } from 'winston';
import { calmMoment } from './calm-moment.ts';
import { systemClock } from './clock.ts';
import { thisProcess } from './this-process.ts';

/** Log levels, most urgent first. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Fields of a line; `undefined` ones are left out. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What the code logs through. */
export interface Log {
  /** The least urgent level that is written; absent where it is not known. */
  readonly level?: LogLevel;
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
}

export interface LogOptions {
  /** Which application speaks: first word of a readable line, `app` in JSON, where `pid` says which of its processes. */
  readonly app: string;
  /** Default `info`. */
  readonly level?: LogLevel;
  /** `text` (default) for people, `json` one object a line. */
  readonly format?: 'text' | 'json';
  /** Texts that must never be shown (API keys). Empty ones are ignored. */
  readonly secrets?: readonly string[];
}

/**
 * winston takes 25 to 45 ms to load, which a relayer that was killed would spend before its first redeliveries. So it loads at the first
 * calm moment after the first line, but no later than this; lines wait for it, with the time at which they were written.
 */
const loadWithinMs = 1_000;

/** Makes a log that writes to standard output. See `flushLogs` for the end of a process. */
export function createLog(options: LogOptions): Log {
  let logger: Logger | null = null;
  let waiting: LogEntry[] = [];
  const load = once(async () => {
    logger = await openLogger(options);
    for (const line of waiting) logger.log(line);
    waiting = [];
  });
  const write =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      const timestamp = new Date(systemClock.nowMs()).toISOString();
      const line = { ...flatten(fields), level, message, timestamp };
      if (logger !== null) {
        logger.log(line);
        return;
      }
      if (waiting.length === 0) loadSoon(load);
      waiting.push(line);
    };
  const { level = 'info' } = options;
  return { level, error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') };
}

const unloaded = new Set<() => Promise<void>>();

function loadSoon(load: () => Promise<void>): void {
  unloaded.add(load);
  void calmMoment(systemClock, loadWithinMs).then(load);
}

/** Resolves when every line written so far has been handed to standard output: for the end of a process. */
export async function flushLogs(): Promise<void> {
  await Promise.all([...unloaded].map((load) => load()));
}

function once(work: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | null = null;
  return () => {
    result ??= work();
    return result;
  };
}

async function openLogger(options: LogOptions): Promise<Logger> {
  const { default: winston } = await import('winston');
  const { combine, json, printf } = winston.format;
  const mask = maskSecrets(options.secrets ?? []);
  const readable = printf((info) => mask(readableLine(options.app, info)));
  const structured = combine(
    json(),
    printf((info) => mask(String(info[messageSymbol]))),
  );
  return winston.createLogger({
    level: options.level ?? 'info',
    ...(options.format === 'json' ? { defaultMeta: { app: options.app, pid: thisProcess.pid } } : {}),
    format: options.format === 'json' ? structured : readable,
    transports: [new winston.transports.Console()],
  });
}

/** A log that says nothing: for tests and embedding. */
export const silentLog: Log = { error() {}, warn() {}, info() {}, debug() {} };

const messageSymbol = Symbol.for('message');
const levelMarks: Readonly<Record<string, string>> = { error: 'ERROR ', warn: 'WARN  ', debug: 'debug ' };

function readableLine(app: string, info: Logform.TransformableInfo): string {
  const { level, message, timestamp, ...fields } = info;
  const time = String(timestamp).slice(11, 23);
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${readableValue(value)}`);
  return `${time} ${app.padEnd(8)} ${levelMarks[level] ?? ''}${message}${pairs.length > 0 ? '  ' : ''}${pairs.join(' ')}`;
}

function readableValue(value: unknown): string {
  if (typeof value !== 'string') return typeof value === 'object' ? JSON.stringify(value) : String(value);
  // Control characters would reach a terminal: JSON writes them as escapes.
  return /^[^\s"=\p{Cc}]+$/u.test(value) ? value : JSON.stringify(value);
}

function flatten(fields: LogFields): Record<string, unknown> {
  const flat: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) flat[name] = value instanceof Error ? errorText(value) : value;
  }
  return flat;
}

/** An error in one line: its message, its code, and its cause's message if that adds anything. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  return `${error.message}${code}${causeText(error)}`.replaceAll(/\s+/g, ' ');
}

/** The same without the code, for where that has a place of its own. */
export function messageText(error: Error): string {
  return `${error.message}${causeText(error)}`.replaceAll(/\s+/g, ' ');
}

function causeText({ cause }: Error): string {
  return cause instanceof Error ? `: ${cause.message}` : '';
}

function maskSecrets(secrets: readonly string[]): (line: string) => string {
  // As it is, and as it looks inside a JSON text or a URL.
  const texts = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]);
  if (texts.length === 0) return (line) => line;
  return (line) => texts.reduce((masked, secret) => masked.replaceAll(secret, '***'), line);
}
