// What a tool asks in the middle of its call. The words are the tool's own, so the form says who
// asks and where the answer goes.

import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { blankOf, complaintsOf, fieldOf, type Field } from '../core/schema_form.ts';
import { SafeText } from './safe_text.tsx';
import { SchemaField } from './schema_fields.tsx';
import type { Question, Reply } from './tool_call.ts';

export function QuestionForm({ tool, question: { message, schema }, onReply }: { tool: string; question: Question; onReply: (reply: Reply) => void }) {
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  const [field] = useState<Field>(() => fieldOf(schema ?? { type: 'object' }));
  const [value, setValue] = useState<unknown>(() => blankOf(field) ?? {});
  const [wrong, setWrong] = useState<string[]>([]);
  // Whoever ran the tool waits for it, and it for them; then the focus is where it was.
  useEffect(() => {
    const from = document.activeElement;
    form.current?.querySelector<HTMLElement>('input, select, textarea, button')?.focus();
    return () => { if (from instanceof HTMLElement) from.focus(); };
  }, []);
  const accept = (): void => {
    const complaints = complaintsOf(field, value).map(({ path, words }) => `${path} ${words}`);
    if (complaints.length > 0) setWrong(complaints);
    else onReply({ action: 'accept', content: value });
  };
  return (
    <form ref={form} class="question" aria-labelledby={id} onSubmit={(event) => { event.preventDefault(); accept(); }}>
      <h4 id={id}><SafeText text={tool} /> asks</h4>
      <p class="keep"><SafeText text={message} /></p>
      <SchemaField field={field} value={value} onChange={setValue} />
      {wrong.length > 0 && <ul class="bad" role="alert">{wrong.map((one) => <li key={one}><SafeText text={one} /></li>)}</ul>}
      <p class="muted">Your answer goes to this tool and into the trace.</p>
      <div class="bar">
        <button type="submit" class="primary">Answer</button>
        <button type="button" title="The tool is told that you will not say" onClick={() => onReply({ action: 'decline' })}>Decline</button>
        <button type="button" title="The tool is told that nobody answered" onClick={() => onReply({ action: 'cancel' })}>Cancel the question</button>
      </div>
    </form>
  );
}
