// The controls of a form out of a schema (core/schema_form.ts). What a control holds is the JSON
// value itself; nothing typed is nothing sent.

import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { membersOf } from '../core/export_parts.ts';
import { blankOf, typed, withMember, type Field } from '../core/schema_form.ts';
import { SafeText } from './safe_text.tsx';

interface Props {
  field: Field;
  value: unknown;
  onChange: (value: unknown) => void;
}
const asText = (value: unknown): string => (value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value));

/** Label, then the control, then what the schema says of it. */
function Row({ field, id, children }: { field: Field; id: string; children: ComponentChildren }) {
  return (
    <div class="field">
      {field.title && <label for={id}><SafeText text={field.title} />{field.required && <span class="muted"> (required)</span>}</label>}
      {children}
      {field.description && <p class="muted" id={`${id}-says`}><SafeText text={field.description} /></p>}
    </div>
  );
}

export function SchemaField({ field, value, onChange }: Props) {
  const id = useId();
  const shared = { id, ...(field.description ? { 'aria-describedby': `${id}-says` } : {}), ...(field.title ? {} : { 'aria-label': 'Value' }) };
  switch (field.kind) {
    case 'object':
      return <Members {...{ field, value, onChange }} />;
    case 'list':
      return <List {...{ field, value, onChange }} />;
    case 'boolean':
      return (
        <Row field={field} id={id}>
          <select {...shared} value={asText(value)} onChange={({ currentTarget: { value: text } }) => onChange(text === '' ? undefined : text === 'true')}>
            {!field.required && <option value="">not given</option>}<option value="true">true</option><option value="false">false</option>
          </select>
        </Row>
      );
    case 'choice': {
      const at = field.choices.findIndex((one) => JSON.stringify(one) === JSON.stringify(value));
      return (
        <Row field={field} id={id}>
          <select {...shared} value={String(at)} onChange={({ currentTarget: { value: index } }) => onChange(field.choices[Number(index)])}>
            <option value="-1">{field.required ? 'choose' : 'not given'}</option>
            {field.choices.map((one, i) => <option key={i} value={String(i)}>{field.names[i] || asText(one)}</option>)}
          </select>
        </Row>
      );
    }
    case 'number':
      return <Row field={field} id={id}><input {...shared} inputMode="decimal" value={asText(value)} onInput={({ currentTarget }) => onChange(typed(field, currentTarget.value))} /></Row>;
    case 'text':
      return (
        <Row field={field} id={id}>
          {field.isLong
            ? <textarea {...shared} rows={3} value={asText(value)} onInput={({ currentTarget }) => onChange(typed(field, currentTarget.value))} />
            : <input {...shared} spellcheck={false} value={asText(value)} onInput={({ currentTarget }) => onChange(typed(field, currentTarget.value))} />}
        </Row>
      );
    case 'json':
      // Its text is read when it is left: half of a JSON is none.
      return (
        <Row field={field} id={id}>
          <textarea {...shared} rows={2} spellcheck={false} placeholder={field.takesText ? 'text or JSON' : 'JSON'} defaultValue={asText(value)}
            onChange={({ currentTarget }) => onChange(typed(field, currentTarget.value))} />
        </Row>
      );
  }
}

function Members({ field, value, onChange }: Props & { field: Field & { kind: 'object' } }) {
  const of = membersOf(value);
  const isAbsent = value === undefined && !field.required;
  const fields = field.fields.map((one) => (
    <SchemaField key={one.name} field={one} value={Object.hasOwn(of, one.name) ? of[one.name] : undefined} onChange={(member) => onChange(withMember(value, one.name, member))} />
  ));
  if (field.name === '') return <>{fields}</>;
  return (
    <fieldset class="nested">
      <legend><SafeText text={field.title} />{field.required && <span class="muted"> (required)</span>}</legend>
      {field.description && <p class="muted"><SafeText text={field.description} /></p>}
      {isAbsent ? <button type="button" onClick={() => onChange(blankOf({ ...field, required: true }) ?? {})}>Add <SafeText text={field.title} /></button> : fields}
      {!isAbsent && !field.required && <button type="button" class="quiet" onClick={() => onChange(undefined)}>Leave out</button>}
    </fieldset>
  );
}

function List({ field, value, onChange }: Props & { field: Field & { kind: 'list' } }) {
  const items = Array.isArray(value) ? value : [];
  return (
    <fieldset class="nested">
      <legend><SafeText text={field.title} />{field.required && <span class="muted"> (required)</span>}</legend>
      {field.description && <p class="muted"><SafeText text={field.description} /></p>}
      {items.map((item, i) => (
        <div class="item" key={i}>
          <div class="grow"><SchemaField field={{ ...field.of, title: `${i + 1}`, required: false }} value={item} onChange={(one) => onChange(items.with(i, one ?? ''))} /></div>
          <button type="button" class="quiet" aria-label={`Take out item ${i + 1}`} onClick={() => {
            const rest = items.toSpliced(i, 1);
            onChange(rest.length || field.required ? rest : undefined);
          }}>Take out</button>
        </div>
      ))}
      <button type="button" onClick={() => onChange([...items, blankOf({ ...field.of, required: true }) ?? ''])}>Add an item</button>
    </fieldset>
  );
}
