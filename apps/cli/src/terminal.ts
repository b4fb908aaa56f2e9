/** A stream that takes text, and may be a terminal. */
export interface TextSink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** True once nobody reads any more. */
  readonly closed?: boolean;
  /** Resolves when everything written has been taken, or nobody is left to take it. Rejects with a `CliError`. */
  drained?(): Promise<void>;
}

/** What a command may touch of the process it runs in. */
export interface CommandIo {
  /** Results. */
  readonly stdout: TextSink;
  /** Progress and complaints. */
  readonly stderr: TextSink;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Colours for one stream; each method returns the text unchanged where colours do not belong. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
}

/** Colours only on a terminal that has some, and not where NO_COLOR is set to anything (no-color.org). */
export function paintFor(sink: TextSink, env: CommandIo["env"]): Paint {
  const on = sink.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  const colour = (start: number, end: number) => (text: string) =>
    on ? `\u001b[${start}m${text}\u001b[${end}m` : text;
  return { bold: colour(1, 22), dim: colour(2, 22), good: colour(32, 39), bad: colour(31, 39) };
}

/** A whole number with separators: 12,345. */
export function countText(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** `1 record`, `2 records`. */
export function plural(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Milliseconds or microseconds with three digits at most. */
export function durationText(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(1)} s`;
  if (milliseconds >= 10) return `${Math.round(milliseconds)} ms`;
  if (milliseconds >= 1) return `${milliseconds.toFixed(1)} ms`;
  return `${Math.round(milliseconds * 1000)} µs`;
}

/** Rows as lines; the first column is aligned left, the others right. */
export function tableLines(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}
