import type { JsonObject } from './wire.js';

/** Headers of every request, or what makes them: a bearer that changes. */
export type HeaderSource = Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>);

/** An answer that was no success. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';

  private constructor(
    readonly status: number,
    /** Its `Retry-After`. */
    readonly retryAfterMs: number | undefined,
    /** Its JSON body; undefined when it was none: then it came from something in between. */
    readonly body: JsonObject | undefined,
  ) {
    super(`HTTP ${status}${body ? ` ${JSON.stringify(body)}` : ''}`);
  }

  /** Reads the answer to its end. */
  static async of(answer: Response): Promise<HttpRefusal> {
    const text = await answer.text();
    return new HttpRefusal(answer.status, retryAfterMs(answer.headers), object(text));
  }

  /** The server itself says no, and will say so again. */
  get isFinal(): boolean {
    const later = [401, 408, 425, 429].includes(this.status); // 401: see StreamClient
    return this.body?.['error'] !== undefined && this.status < 500 && !later;
  }
}

function object(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

function retryAfterMs(headers: Headers): number | undefined {
  const text = headers.get('Retry-After');
  if (!text) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

export async function headersOf(source: HeaderSource | undefined): Promise<Record<string, string>> {
  return typeof source === 'function' ? source() : { ...source };
}

/** The JSON of a success; throws a HttpRefusal otherwise. */
export async function askJson<Answer>(url: URL, init: RequestInit, headers?: HeaderSource): Promise<Answer> {
  const answer = await fetch(url, { ...init, headers: { ...init.headers, ...(await headersOf(headers)) } });
  if (!answer.ok) throw await HttpRefusal.of(answer);
  return (await answer.json()) as Answer;
}
