// Presets: take one, keep the filter as one, order them, carry them elsewhere as JSON (E22).

import { useState } from 'preact/hooks';
import { presetsOpen } from './boxes.ts';
import { copy } from './copy.ts';
import { Dialog } from './dialog.tsx';
import { Icon } from './icons.tsx';
import { addTo, keepPresets, kBuiltIn, kMaxName, kMaxPresets, loadPresets, moveIn, readPresets, type Preset } from './presets.ts';
import { filter, setFilter } from './state.ts';
import { toast } from './toasts.tsx';

export function PresetsDialog() {
  const kept = useState(loadPresets)[0];
  const [presets, setPresets] = useState<Preset[]>(kept ?? []);
  const [name, setName] = useState('');
  const [json, setJson] = useState('');
  const close = () => (presetsOpen.value = false);
  const change = (next: Preset[]) => {
    setPresets(next);
    if (!keepPresets(next)) toast('This browser keeps nothing for this page: the presets last until it is closed', { kind: 'warning', like: 'presets' });
  };
  const take = (preset: Preset) => { setFilter(preset.filter); close(); };
  const save = (event: Event) => {
    event.preventDefault();
    const next = [...presets];
    if (addTo(next, { name, filter: filter.value })) { change(next); setName(''); }
    else toast(presets.length >= kMaxPresets ? `There are ${kMaxPresets} presets: delete one first` : 'A preset needs a name', { kind: 'warning', like: 'presets' });
  };
  const rename = (at: number) => {
    if (name.trim() === '' || presets.some((one) => one.name === name.trim())) return toast('Type the new name, one that is free, into the field first', { like: 'presets' });
    change(presets.map((one, index) => (index === at ? { ...one, name: name.trim().slice(0, kMaxName) } : one)));
    setName('');
  };
  const bring = () => {
    let read: Preset[] | null = null;
    try { read = readPresets(JSON.parse(json)); } catch { /* said below */ }
    if (read === null) return toast('That is no list of presets: [{"name": .., "filter": ..}]', { kind: 'warning', like: 'presets' });
    const next = [...presets];
    const added = read.filter((one) => addTo(next, one)).length;
    change(next);
    setJson('');
    toast(`${added} of ${read.length} presets taken in`, { like: 'presets' });
  };
  return (
    <Dialog title="Presets" wide onClose={close}>
      {kept === null && <p class="bad">What this browser kept as presets cannot be read. It is left as it is until you save one.</p>}
      <form class="bar" onSubmit={save}>
        <label class="grow">Name <input class="grow" maxLength={kMaxName} value={name} onInput={(event) => setName(event.currentTarget.value)} /></label>
        <button type="submit" class="primary" disabled={filter.value === ''} title={filter.value}>Save the filter as this</button>
      </form>
      <ul class="presets" aria-label="My presets">
        {presets.map((preset, at) => (
          <li class="bar" key={preset.name}>
            <button type="button" class="link" onClick={() => take(preset)}>{preset.name}</button>
            <code class="grow cut muted" title={preset.filter}>{preset.filter}</code>
            <button type="button" class="quiet" onClick={() => rename(at)}>Rename</button>
            <button type="button" class="quiet icon" aria-label={`${preset.name}: up`} disabled={at === 0} onClick={() => change(moveIn(presets, at, -1))}><Icon name="up" /></button>
            <button type="button" class="quiet icon" aria-label={`${preset.name}: down`} disabled={at === presets.length - 1} onClick={() => change(moveIn(presets, at, 1))}><Icon name="down" /></button>
            <button type="button" class="quiet icon" aria-label={`${preset.name}: delete`} onClick={() => change(presets.filter((_, index) => index !== at))}><Icon name="close" /></button>
          </li>
        ))}
      </ul>
      <h3>Built in</h3>
      <ul class="presets" aria-label="Built-in presets">
        {kBuiltIn.map((preset) => (
          <li class="bar" key={preset.name}><button type="button" class="link" onClick={() => take(preset)}>{preset.name}</button><code class="grow cut muted">{preset.filter}</code></li>
        ))}
      </ul>
      <details>
        <summary>As JSON</summary>
        <label class="sr" for="presets-json">Presets as JSON</label>
        <textarea id="presets-json" rows={4} value={json} placeholder='[{"name":"mine","filter":"status:error"}]' onInput={(event) => setJson(event.currentTarget.value)} />
        <div class="bar">
          <button type="button" disabled={json.trim() === ''} onClick={bring}>Take these in</button>
          <button type="button" disabled={presets.length === 0} onClick={() => void copy(JSON.stringify(presets, null, 2), 'Presets')}>Copy mine</button>
        </div>
      </details>
    </Dialog>
  );
}
