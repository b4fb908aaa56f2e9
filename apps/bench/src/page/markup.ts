/** Markup that is safe as it stands. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: text and numbers, which are escaped, markup, or several of these. */
export type Piece = string | number | Markup | readonly Piece[];

/** HTML or SVG with its holes filled: everything but markup is escaped, so a name or a note is only ever text. */
export function markup(pieces: TemplateStringsArray, ...holes: readonly Piece[]): Markup {
  return new Markup(pieces.reduce((text, piece, at) => text + rendered(holes[at - 1] ?? "") + piece));
}

/** Text with what stands between backticks as code. */
export function withCode(text: string): readonly Piece[] {
  return text.split(/`([^`]+)`/).map((piece, at) => (at % 2 === 1 ? markup`<code>${piece}</code>` : piece));
}

function rendered(piece: Piece): string {
  if (piece instanceof Markup) return piece.text;
  if (typeof piece === "number") return String(piece);
  if (typeof piece !== "string") return piece.map(rendered).join("");
  return piece.replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`);
}
