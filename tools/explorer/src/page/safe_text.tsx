// Text out of a trace. What a person cannot see is named in a chip, terminal escapes are gone,
// and nothing in it turns the text around it (unicode-bidi: isolate).
//
//   <SafeText text={row.summary} />
//   <SafeText text={stderr} keepEscapes={shown} />      the switch of E30 is the caller's

import { piecesOf } from '../core/hidden_chars.ts';

export function SafeText({ text, keepEscapes = false }: { text: string; keepEscapes?: boolean }) {
  return (
    <bdi class="safe">
      {piecesOf(text, keepEscapes).map((piece) =>
        piece.kind === 'text' ? piece.text
        : piece.kind === 'hidden' ? <span class="hidden-char" title="A character that cannot be seen">&lt;{piece.text}&gt;</span>
        : <span class="hidden-char" title="Taken out before it was written">{piece.text}</span>)}
    </bdi>
  );
}
