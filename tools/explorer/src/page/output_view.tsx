// What a tool gave back: texts, bytes, pictures, the rest as JSON.

import { useState } from 'preact/hooks';
import { bytesOf, hexOf, type Block, type Json, type Output } from '../core/output.ts';
import { copy } from './copy.ts';
import { bytes } from '../core/units.ts';
import { JsonView, LongText } from './json_view.tsx';

const asJson = (text: string): Json | undefined => {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
};

/** A titled text in its own letters; `empty` is said when there is nothing. */
export function TextPart({ title, text, bad = false, empty = '(empty)' }: { title: string; text: string; bad?: boolean; empty?: string }) {
  const [escapes, setEscapes] = useState(false);
  const [json, setJson] = useState(false);
  const value = asJson(text);
  return (
    <section class="part">
      <h3>{title}
        {text.includes('\u001b') && <label><input type="checkbox" checked={escapes} onChange={() => setEscapes(!escapes)} />terminal escapes</label>}
        {value !== undefined && <button type="button" class="quiet" aria-pressed={json} onClick={() => setJson(!json)}>As JSON</button>}
        {text !== '' && <button type="button" class="quiet" onClick={() => void copy(text, title)}>Copy</button>}
      </h3>
      {text === '' ? <p class="muted">{empty}</p>
      : json && value !== undefined ? <JsonView value={value} />
      : <pre class={bad ? 'out failed' : 'out'} tabIndex={0} role="group" aria-label={title}><LongText text={text} keepEscapes={escapes} /></pre>}
    </section>
  );
}

function BytesPart({ title, base64 }: { title: string; base64: string }) {
  const raw = bytesOf(base64);
  if (raw === null || base64 === '') return <TextPart title={title} text={base64} />;
  return (
    <>
      <TextPart title={`${title}: ${bytes(raw.length)} in base64, as text`} text={new TextDecoder().decode(raw)} />
      <TextPart title={`${title}, as bytes${raw.length > 1024 ? ' (the first 1 KB)' : ''}`} text={hexOf(raw)} />
    </>
  );
}

function BlockPart({ block }: { block: Block }) {
  const [shown, setShown] = useState(false);
  return (
    <section class="part">
      <h3>{block.type} {block.mimeType} {block.bytes > 0 && bytes(block.bytes)}
        {block.base64 && <button type="button" aria-pressed={shown} onClick={() => setShown(!shown)}>Show picture</button>}
      </h3>
      {shown ? <img class="picture" alt={`${block.type} out of the result`} src={`data:${block.mimeType};base64,${block.base64}`} /> : <JsonView value={block.value} />}
    </section>
  );
}

/** stdout and stderr apart; `errorFirst`: what explains a failure stands on top. */
export function OutputView({ output, errorFirst = false }: { output: Output; errorFirst?: boolean }) {
  const Part = output.base64 ? BytesPart : TextPart;
  const out = <Part key="out" title="stdout" text={output.stdout} base64={output.stdout} />;
  const err = <Part key="err" title="stderr" text={output.stderr} base64={output.stderr} bad={errorFirst} />;
  return (
    <>
      {errorFirst && (output.stderr !== '' || output.stdout === '') ? [err, out] : output.stderr === '' ? out : [out, err]}
      {output.structured !== undefined && <section class="part"><h3>structured</h3><JsonView value={output.structured} /></section>}
      {output.blocks.map((block, n) => <BlockPart key={n} block={block} />)}
      {output.metadata !== undefined && <details class="part"><summary>metadata</summary><JsonView value={output.metadata} /></details>}
    </>
  );
}
