export type Piece = { kind: 'text' | 'hidden' | 'redacted'; text: string };
export function piecesOf(text: string, _keepEscapes = false): Piece[] {
  return [{ kind: 'text', text }];
}
