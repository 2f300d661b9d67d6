// Who listens: the bearer, in memory alone, and the stream tokens it is good for (E62 to E64).
// The worker never sees it; requests that want it are made here.

import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type { Need } from '../core/protocol.ts';
import { command, onNeed, tick } from './worker_link.ts';

const kKept = 'explorer-bearer';
const kInUrl = ['token', 'streamToken', 'access_token', 'bearer'];

/** A saved page has no folder on a server. */
export const base = new URL('./', location.href.split(/[?#]/, 1)[0]).href;
const channel = new BroadcastChannel(`explorer-session:${new URL(base).pathname}`);
type Said = { say: 'who' } | { say: 'bearer'; bearer: string } | { say: 'sign_out' };

/** Takes a token out of the address, unused: it has been in a history and in logs by now. */
function cleanAddress(): boolean {
  const url = new URL(location.href);
  const [path = '', query] = url.hash.split('?', 2);
  const inside = new URLSearchParams(query ?? '');
  const found = kInUrl.filter((name) => url.searchParams.has(name) || inside.has(name));
  if (found.length === 0) return false;
  for (const name of found) {
    url.searchParams.delete(name);
    inside.delete(name);
  }
  url.hash = inside.size > 0 ? `${path}?${inside}` : path;
  history.replaceState(null, '', url);
  return true;
}
/** A token stood in the address: it should be replaced. */
export const tokenInAddress = signal(cleanAddress());

function kept(): string {
  try {
    return sessionStorage.getItem(kKept) ?? '';
  } catch {
    return '';
  }
}
function keep(text: string): void {
  try {
    if (text === '') sessionStorage.removeItem(kKept);
    else sessionStorage.setItem(kKept, text);
  } catch {
    // Storage is off: then it lives as long as the page.
  }
}

const held = signal(kept());
/** Of tokens made here, so that they can be revoked. */
const minted = new Set<string>();

export const signedIn: ReadonlySignal<boolean> = computed(() => held.value !== '');
/** In words, why a token must be entered; null: none must. */
export const authNeeded: ReadonlySignal<string | null> = computed(() => {
  const { state, reason } = tick.value.connection;
  return state === 'auth' ? reason : null;
});

/** For requests of the page; streams get a token of their own. */
export function bearerHeaders(): Record<string, string> {
  return held.value === '' ? {} : { Authorization: `Bearer ${held.value}` };
}

export function giveBearer(text: string, keepInTab: boolean): void {
  const bearer = text.trim().replace(/^Bearer\s+/i, '');
  if (bearer === '') return;
  keep(keepInTab ? bearer : '');
  say({ say: 'bearer', bearer });
  take(bearer);
}
/** Revokes what was made, in every tab. */
export function signOut(): void {
  say({ say: 'sign_out' });
  leave();
}

function say(what: Said): void {
  channel.postMessage(what);
}
function take(bearer: string): void {
  held.value = bearer;
  const { state, role } = tick.value.connection;
  if (state === 'auth' && role !== 'follower') void mintFor(['all', 'graph']);
}
function leave(): void {
  if (held.value === '') return;
  const headers = bearerHeaders();
  for (const id of minted) void fetch(`${base}api/stream-tokens/${encodeURIComponent(id)}`, { method: 'DELETE', headers, keepalive: true }).catch(() => {});
  minted.clear();
  held.value = '';
  keep('');
  command({ do: 'no_token', status: 401, reason: 'Signed out' });
}
channel.onmessage = ({ data }: MessageEvent<Said>) => {
  if (data.say === 'who') {
    if (held.value !== '') say({ say: 'bearer', bearer: held.value });
  } else if (data.say === 'sign_out') leave();
  else if (data.bearer !== held.value) take(data.bearer);
};
if (held.value === '') say({ say: 'who' });

interface Claims {
  sub: string;
  iat: number;
  exp: number;
  jti: string;
}
class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function mint(scope: readonly string[]): Promise<Claims & { token: string }> {
  const answer = await fetch(`${base}api/stream-tokens`, {
    method: 'POST', headers: { ...bearerHeaders(), 'Content-Type': 'application/json' }, body: JSON.stringify({ scope }),
  }).catch(() => { throw new Refused(0, 'the server cannot be reached'); });
  const said = await answer.json().catch(() => ({})) as { token?: string; error?: string; reason?: string };
  if (answer.status !== 201 || said.token === undefined) {
    const why = [said.error, said.reason].filter(Boolean).join(', ');
    throw new Refused(answer.status, `Token not accepted: HTTP ${answer.status}${why ? ` (${why})` : ''}`);
  }
  const claims = JSON.parse(atob((said.token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))) as Claims;
  minted.add(claims.jti);
  return { ...claims, token: said.token };
}
/** Says to the worker what came of it. */
async function mintFor(topics: readonly string[]): Promise<void> {
  try {
    let granted = topics;
    const { token, iat, exp } = await mint(topics).catch(async (error: Refused) => {
      if (error.status !== 403) throw error;
      // Who is no operator sees what is its own and no graph. Any token says its name.
      granted = ['all'];
      return mint([`owner:${(await mint(['task:-'])).sub}`]);
    });
    // By our clock: the server's may be another.
    command({ do: 'token', token, expiresAt: Date.now() + (exp - iat) * 1000, topics: [...granted] });
  } catch (error) {
    const { status = 0, message } = error as Refused;
    command({ do: 'no_token', status, reason: message });
  }
}

async function get({ n, path }: Extract<Need, { needs: 'get' }>): Promise<void> {
  const answer = await fetch(base + path, { headers: bearerHeaders() }).catch(() => null);
  const text = await answer?.text().catch(() => null);
  command({ do: 'got', n, status: text === null || text === undefined ? 0 : answer!.status, text: text ?? '' });
}

onNeed((need) => {
  if (need.needs === 'get') void get(need);
  else if (held.value !== '') void mintFor(need.topics);
  // An open house wants none; one that does says so.
  else if (need.after === 'start') command({ do: 'token', token: null, expiresAt: 0, topics: need.topics });
  else command({ do: 'no_token', status: 401, reason: 'Token needed' });
});

/** First of all; again when the setting changes. A page saved to disk has no server. */
export function startLine(eventSource: boolean): void {
  const server = location.protocol.startsWith('http') ? base : '';
  command({ do: 'start', base: server, hasLocks: isSecureContext && 'locks' in navigator, eventSource });
}
addEventListener('online', () => command({ do: 'online', online: true }));
addEventListener('offline', () => command({ do: 'online', online: false }));
document.addEventListener('visibilitychange', () => command({ do: 'visible', visible: document.visibilityState === 'visible' }));
