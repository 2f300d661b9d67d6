// The dialog of files: an export of what is on screen, a log opened from a file, the page itself.

import { useEffect, useRef, useState } from 'preact/hooks';
import { kFileKinds } from '../core/export.ts';
import type { ExportFormat } from '../core/protocol.ts';
import { bytes } from '../core/units.ts';
import { copy } from './copy.ts';
import { Dialog } from './dialog.tsx';
import { closeFile, complaintOf, entriesOf, openedFile, openFile } from './opened_file.tsx';
import { route } from './route.ts';
import { SafeText } from './safe_text.tsx';
import { save } from './save.ts';
import { filter, source } from './state.ts';
import { toast } from './toasts.tsx';
import { wholePage, writeExport } from './write_export.ts';

const kMaxCopied = 5 * 1024 * 1024;
const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export function FileBox({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Files" onClose={onClose}>
      <ExportPart />
      <OpenPart onClose={onClose} />
      <fieldset class="plain">
        <legend>This page</legend>
        <p class="muted">As one file it opens logs where there is no server.</p>
        <div class="bar"><button type="button" onClick={() => void wholePage().then((blob) => save(blob, 'explorer.html'), (error: unknown) => toast(wordsOf(error), { kind: 'error' }))}>Save this page</button></div>
      </fieldset>
    </Dialog>
  );
}

type Scope = 'filter' | 'trace' | 'all';

function ExportPart() {
  const { view, path: [task = ''] } = route.value;
  const scopes: [Scope, string][] = [
    ...(view === 'trace' && task ? [['trace', `Trace ${task}`] as [Scope, string]] : []),
    ...(filter.value ? [['filter', `What the filter shows: ${filter.value}`] as [Scope, string]] : []),
    ['all', 'Everything in memory'],
  ];
  const [scope, setScope] = useState<Scope>(scopes[0]![0]);
  const [format, setFormat] = useState<ExportFormat>('ndjson');
  const [writing, setWriting] = useState(false);
  const [said, setSaid] = useState('');
  const stop = useRef<AbortController | null>(null);
  // Who goes away wants no file any more.
  useEffect(() => () => stop.current?.abort(), []);

  const kind = kFileKinds[format];
  const run = async (take: (blob: Blob) => Promise<void> | void): Promise<void> => {
    const abort = (stop.current = new AbortController());
    setWriting(true);
    setSaid('');
    try {
      const of = { source: source.value, filter: scope === 'filter' ? filter.value : '', task: scope === 'trace' ? task : '' };
      const { blob, entries, left } = await writeExport(of, format, abort.signal);
      await take(blob);
      setSaid(`${entriesOf(entries)}, ${bytes(blob.size)}.${left ? ` Not in it: ${left}.` : ''}`);
    } catch (error) {
      setSaid(abort.signal.aborted ? 'Cancelled.' : wordsOf(error));
    }
    setWriting(false);
  };
  const saveIt = (blob: Blob): void => {
    const stamp = new Date().toISOString().slice(0, 16).replace(/[:T]/g, '-');
    save(blob, `trace-${scope === 'trace' ? task.replace(/[^A-Za-z0-9._-]/g, '_') : scope}-${stamp}.${kind.extension}`);
  };
  const copyIt = async (blob: Blob): Promise<void> => {
    if (blob.size < kMaxCopied) await copy(await blob.text(), 'Export');
    else toast(`${bytes(blob.size)} are too much for the clipboard: save the file`, { kind: 'warning' });
  };

  return (
    <fieldset class="plain">
      <legend>Export</legend>
      {scopes.map(([value, label]) => (
        <label key={value} class="row"><input type="radio" name="scope" checked={scope === value} onChange={() => setScope(value)} /><SafeText text={label} /></label>
      ))}
      <label class="row">Format <select value={format} onChange={({ currentTarget }) => setFormat(currentTarget.value as ExportFormat)}>
        {(Object.keys(kFileKinds) as ExportFormat[]).map((name) => <option key={name} value={name}>{kFileKinds[name].label}</option>)}
      </select></label>
      <p class="muted">{kind.says}</p>
      <div class="bar">
        <button type="button" class="primary" disabled={writing} onClick={() => void run(saveIt)}>Save file</button>
        <button type="button" disabled={writing} onClick={() => void run(copyIt)}>Copy</button>
        {writing && <button type="button" onClick={() => stop.current?.abort()}>Cancel</button>}
        <span role="status">{writing ? 'Writing…' : <SafeText text={said} />}</span>
      </div>
    </fieldset>
  );
}

function OpenPart({ onClose }: { onClose: () => void }) {
  const file = openedFile.value;
  const complaint = file ? complaintOf(file) : '';
  return (
    <fieldset class="plain">
      <legend>Open a log</legend>
      <p class="muted">A flight log (trace.log), NDJSON or our JSON, also gzipped: pick it, drop it on the page, or paste it. It stays in this browser.</p>
      {file && <p><b><SafeText text={file.name} /></b>: {entriesOf(file.rows)}{complaint && <span class="bad">; <SafeText text={complaint} /></span>}</p>}
      <div class="bar">
        <label class="pick">Pick a file
          <input type="file" accept=".log,.ndjson,.jsonl,.json,.gz" onChange={({ currentTarget }) => {
            const picked = currentTarget.files?.[0];
            if (!picked) return;
            onClose();
            void openFile(picked, picked.name);
          }} />
        </label>
        {file && <button type="button" onClick={() => { closeFile(); onClose(); }}>Back to live</button>}
      </div>
    </fieldset>
  );
}
