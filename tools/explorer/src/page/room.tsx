// A view out of the file beside the page (rooms.ts): fetched when the page is idle, so that it opens
// at once. It runs because the page's own policy knows its hash; one of another version does not.
// In a page saved whole it is there from the start.

import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Rooms } from '../rooms.ts';
import { rest } from './rest.ts';
import * as shared from './shared.ts';
import { runScript } from './trusted.ts';

const home = globalThis as { explorer?: typeof shared; rooms?: Rooms };
home.explorer = shared;
let loading: Promise<string> | null = null;

/** Why there are none; empty: they are there. */
async function load(): Promise<string> {
  try {
    runScript(await (await rest('explorer/rooms.js')).text());
    return home.rooms ? '' : 'The server has another version of this page: load it anew.';
  } catch (error) {
    loading = null;
    return `This view is kept on the server, and it cannot be had: ${error instanceof Error ? error.message : String(error)}.`;
  }
}

const loaded = (): Promise<string> => (home.rooms ? Promise.resolve('') : (loading ??= load()));
type Props<Name extends keyof Rooms> = Parameters<Rooms[Name]>[0] extends undefined ? object : Parameters<Rooms[Name]>[0];

export function Room<Name extends keyof Rooms>({ name, ...props }: { name: Name } & Props<Name>) {
  const [why, setWhy] = useState<string | null>(home.rooms ? '' : null);
  const enter = (): void => {
    setWhy(null);
    void loaded().then(setWhy);
  };
  useEffect(() => { if (!home.rooms) enter(); }, []);
  if (home.rooms) {
    const View = home.rooms[name] as ComponentType<object>;
    return <View {...props} />;
  }
  return <p class="empty">{why === null ? 'Loading…' : <>{why} <button type="button" onClick={enter}>Try again</button></>}</p>;
}

if (location.protocol.startsWith('http')) (globalThis.requestIdleCallback ?? setTimeout)(() => void loaded());
