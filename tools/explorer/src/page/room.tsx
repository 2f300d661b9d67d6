// A view out of the file beside the page (rooms.ts): fetched when the page is idle, so that it opens
// at once. It runs because the page's own policy knows its hash; one of another version does not.
// In a page saved whole it is there from the start.

import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Rooms } from '../rooms.ts';
import * as shared from './shared.ts';
import { runScript } from './trusted.ts';

const home = globalThis as { explorer?: typeof shared; rooms?: Rooms };
home.explorer = shared;
const hasServer = location.protocol.startsWith('http');
let loading: Promise<string> | null = null;

async function load(): Promise<string> {
  const answer = hasServer ? await fetch('explorer/rooms.js').catch(() => null) : null;
  if (answer?.ok) {
    runScript(await answer.text());
    return home.rooms ? '' : 'The server has another version of this page: load it anew.';
  }
  loading = null;
  return `This part of the page is on the server, and ${answer ? `it says HTTP ${answer.status}` : 'it does not answer'}.`;
}
/** Why there are none; empty: they are there. */
const loaded = (): Promise<string> => (home.rooms ? Promise.resolve('') : (loading ??= load()));
/** The rooms, or why there are none. */
export async function roomsNow(): Promise<Rooms | string> {
  const why = await loaded();
  return home.rooms ?? why;
}

type View = Exclude<keyof Rooms, 'openFile'>;
type Props<Name extends View> = Parameters<Rooms[Name]>[0] extends undefined ? object : Parameters<Rooms[Name]>[0];

/** `quiet`: nothing is said of one that is not there yet. */
export function Room<Name extends View>({ name, quiet, ...props }: { name: Name; quiet?: boolean } & Props<Name>) {
  const [why, setWhy] = useState<string | null>(home.rooms ? '' : null);
  const enter = (): void => {
    setWhy(null);
    void loaded().then(setWhy);
  };
  // They may have come since it was drawn.
  useEffect(() => { if (why === null) enter(); }, []);
  if (home.rooms) {
    const Shown = home.rooms[name] as ComponentType<object>;
    return <Shown {...props} />;
  }
  return quiet ? null : <p class="empty">{why === null ? 'Loading…' : <>{why} <button type="button" onClick={enter}>Try again</button></>}</p>;
}

if (hasServer) (globalThis.requestIdleCallback ?? setTimeout)(() => void loaded());
