// Answers that are no page's own: tokens, publishing, and why something was refused.

import type { EventId, IsoTime, Topic } from './wire.js';

/** 201 of `POST .../tasks/{taskId}/stream-token` */
export interface TaskStreamToken {
  success: true;
  token: string;
  expiresAt: IsoTime;
}

/** 201 of `POST /api/stream-tokens` */
export interface ScopedStreamToken extends TaskStreamToken {
  scope: Topic[];
}

/** 200 of `POST /trace/publish` */
export interface Published {
  accepted: number;
  ids: EventId[];
  rejected?: number;
  errors?: { line: number; message: string }[];
  /** The answer to an earlier request with this `Idempotency-Key`. */
  duplicate?: true;
}

/** 401 */
export interface Unauthorized {
  error: 'UNAUTHORIZED';
  reason:
    | 'missing_bearer_token'
    | 'invalid_bearer_token'
    | 'invalid_stream_token'
    | 'expired_stream_token'
    | 'stream_token_scope';
}

/** 403 */
export interface Forbidden {
  error: 'FORBIDDEN';
  reason: 'host' | 'origin' | 'scope';
}

/** 400 */
export interface BadRequest {
  error: 'BAD_REQUEST';
  field: string;
  message: string;
}

/** 404 */
export interface NotFound {
  error: 'NOT_FOUND';
  reason: string;
}

/** 503, and 429 with `Too many streams`; with `Retry-After` */
export interface TooMany {
  error: 'Too many clients' | 'Too many streams';
  max: number;
}

/** 429, with `Retry-After` */
export interface RateLimited {
  error: 'RATE_LIMITED';
  limit: number;
  window_ms: number;
}
