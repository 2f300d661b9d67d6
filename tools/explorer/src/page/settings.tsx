// Choices of this browser; they are kept in its storage.

import { settingsOpen } from './boxes.ts';
import { Dialog } from './dialog.tsx';
import { setSetting, settings, type Settings } from './state.ts';
import { command } from './worker_link.ts';

type Choices = { [Name in keyof Settings]?: readonly (readonly [value: Settings[Name], words: string])[] };
const kOnOff = [[true, 'On'], [false, 'Off']] as const;
const kChoices: Choices = {
  theme: [['system', 'As the system'], ['light', 'Light'], ['dark', 'Dark']],
  density: [['compact', 'Compact'], ['roomy', 'Roomy']],
  times: [['local', 'Local'], ['utc', 'UTC'], ['relative', 'Relative']],
  newest: [['bottom', 'At the bottom'], ['top', 'At the top']],
  toasts: [['all', 'All'], ['errors', 'Errors'], ['off', 'Off']],
  dim: [[false, 'Hide'], [true, 'Dim']],
  singleKeys: kOnOff,
  eventSource: [[false, 'fetch'], [true, 'EventSource']],
};
const kTitles: Record<string, string> = {
  theme: 'Theme', density: 'Rows', times: 'Times', newest: 'Newest rows', toasts: 'Messages', dim: 'What a filter leaves out',
  singleKeys: 'Keys of one letter', eventSource: 'Streaming by',
};

function set<Name extends keyof Settings>(name: Name, value: Settings[Name]): void {
  setSetting(name, value);
}

export function SettingsDialog() {
  const close = () => (settingsOpen.value = false);
  return (
    <Dialog title="Settings" onClose={close}>
      {(Object.keys(kChoices) as (keyof Settings)[]).map((name) => (
        <fieldset key={name} class="choice">
          <legend>{kTitles[name]}</legend>
          {kChoices[name]!.map(([value, text]) => (
            <label key={text}><input type="radio" name={name} checked={settings.value[name] === value} onChange={() => set(name, value)} />{text}</label>
          ))}
        </fieldset>
      ))}
      <fieldset class="choice">
        <legend>Live</legend>
        <button type="button" onClick={() => command({ do: 'live', on: false })}>Switch off</button>
        <button type="button" onClick={() => command({ do: 'live', on: true })}>Switch on</button>
      </fieldset>
    </Dialog>
  );
}
