// How the line to the server is: dot, icon, words, and what one can do about it.

import { tokenBox } from './boxes.ts';
import { dataStatus, offers, words, type Offer } from '../core/connection.ts';
import type { Connection, ConnectionState } from '../core/protocol.ts';
import { count } from '../core/units.ts';
import { Icon, type IconName } from './icons.tsx';
import { state } from './news.ts';
import { SafeText } from './safe_text.tsx';
import { go } from './route.ts';
import { fileName, lookAt, now, paused, source, togglePause } from './state.ts';
import { toast } from './toasts.tsx';
import { ask, command, tick } from './worker_link.ts';

const kIcons: Record<ConnectionState, IconName> = {
  off: 'off', connecting: 'wait', catching_up: 'wait', live: 'dot', stale: 'warning', retrying: 'wait', full: 'full', offline: 'off',
  auth: 'lock', failed: 'error', polling: 'wait', file: 'file', replay: 'play',
};

export async function refresh(): Promise<void> {
  const came = await ask('refresh', {}).catch((error: Error) => error);
  toast(came instanceof Error ? `Not refreshed: ${came.message}` : came === 0 ? 'Refreshed: nothing was missing' : `Refreshed: ${count(came)} came`,
    { like: 'refresh' });
}
const live = (on: boolean) => () => command({ do: 'live', on });
const reconnect = () => command({ do: 'reconnect' });
const kOffers: Record<Exclude<Offer, 'pause'>, readonly [label: string, run: () => void]> = {
  go_live: ['Go live', live(true)], cancel: ['Cancel', live(false)], refresh: ['Refresh', () => void refresh()],
  reconnect: ['Reconnect now', reconnect], retry: ['Retry now', reconnect], who: ['Who', () => go({ view: 'health' })],
  enter_token: ['Enter token', () => (tokenBox.value = true)], try_streaming: ['Try streaming', reconnect],
  back_to_live: ['Back to live', () => lookAt('live')], take_over: ['Take over', () => command({ do: 'take_over' })],
};

export function PauseButton() {
  const at = paused.value;
  return (
    <button type="button" aria-pressed={at !== null} onClick={() => void togglePause()}>
      <Icon name={at ? 'play' : 'pause'} />{at ? `Resume, ${count(tick.value.received - at.received)} waiting` : 'Pause'}
    </button>
  );
}

export function Indicator() {
  const { connection, perSecond } = tick.value;
  const shown: ConnectionState = source.value === 'live' ? state.value : source.value;
  // A file has nothing of the line.
  const line: Connection = { ...connection, state: shown, ...(source.value !== 'live' && { reason: fileName.value, role: 'leader' }) };
  const text = words(line, perSecond, now.value);
  return (
    <div class="indicator" data-state={shown} data-status={dataStatus(shown)}>
      <span class="words" title={text}><Icon name={kIcons[shown]} /><span class="cut"><SafeText text={text} /></span></span>
      {offers(shown, line.role).map((offer) => {
        if (offer === 'pause') return <PauseButton key={offer} />;
        const [label, run] = kOffers[offer];
        return <button type="button" key={offer} onClick={run}>{label}</button>;
      })}
      {shown !== 'replay' && <button type="button" title="What has been, once more (r)" onClick={() => lookAt('replay')}><Icon name="play" />Replay</button>}
    </div>
  );
}
