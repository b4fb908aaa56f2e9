// Finds the place that a mutation means. The place must be unique: a list that no longer fits the source is an error,
// because a mutation that changes nothing, or something else, would prove nothing.

/**
 * @param {string} source
 * @param {Pick<import("./area.mjs").Mutation, "find" | "in" | "put">} mutation
 * @returns {{ kind: "found", start: number, end: number, line: number } | { kind: "stale", why: string }}
 */
export function locate(source, { find, in: header, put }) {
  if (sameProgram(find, put)) return { kind: "stale", why: "it changes nothing" };
  const block = header === undefined ? { start: 0, end: source.length } : blockOf(source, header);
  if (block === undefined) {
    return { kind: "stale", why: `the block ${JSON.stringify(header)} is not there exactly once` };
  }
  const text = source.slice(block.start, block.end);
  const places = [...text.matchAll(patternOf(find))];
  if (places.length !== 1) return { kind: "stale", why: `${JSON.stringify(find)} occurs ${places.length} times` };
  const [{ index, 0: match }] = places;
  const start = block.start + index;
  return { kind: "found", start, end: start + match.length, line: source.slice(0, start).split("\n").length };
}

/** From the header, which begins its line, to the brace that closes it, which stands in the header's own column. */
function blockOf(source, header) {
  const places = [...source.matchAll(new RegExp(`^([ \\t]*)${patternOf(header).source}`, "gm"))];
  if (places.length !== 1) return undefined;
  const [{ index: start, 1: indent }] = places;
  const close = source.indexOf(`\n${indent}}`, start);
  return { start, end: close === -1 ? source.length : close };
}

/** The text with any white space where it has some, so that reformatting the source does not make the list stale. */
function patternOf(text) {
  const words = text.trim().split(/\s+/);
  return new RegExp(words.map((word) => word.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&")).join("\\s+"), "g");
}

function sameProgram(a, b) {
  return a.replaceAll(/\s+/g, "") === b.replaceAll(/\s+/g, "");
}
