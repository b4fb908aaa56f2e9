/**
 * Globs over seam paths, as fault rules use them.
 *
 * `*` matches any run of characters but `/`, `**` any run, `?` one character but `/`, and `\` makes the next character
 * plain. A glob with neither `/` nor `**` is held against the last name of a path, any other against the whole path, so
 * `*.wal` finds `/a/b/0001.wal`, and `**` followed by text is a suffix. No seam path has a backslash of its own.
 */
export function globToRegExp(glob: string): RegExp {
  let source = "";
  let whole = false;
  for (let at = 0; at < glob.length; at += 1) {
    const character = glob[at] ?? "";
    if (character === "\\" && at + 1 < glob.length) {
      at += 1;
      whole ||= glob[at] === "/";
      source += literal(glob[at] ?? "");
    } else if (character === "*" && glob[at + 1] === "*") {
      at += 1;
      whole = true;
      source += ".*";
    } else if (character === "*") {
      source += "[^/]*";
    } else if (character === "?") {
      source += "[^/]";
    } else {
      whole ||= character === "/";
      source += literal(character);
    }
  }
  return new RegExp(whole ? `^${source}$` : `(?:^|/)${source}$`, "su");
}

function literal(character: string): string {
  return /[\^$.*+?()[\]{}|/\\]/.test(character) ? `\\${character}` : character;
}

/** The glob that matches every path ending in `text`, whatever characters it holds. */
export function suffixGlob(text: string): string {
  return `**${text.replace(/[*?\\]/g, "\\$&")}`;
}

/** Globs that match every call, also one without a path, such as `space`. */
export function matchesEverything(pattern: string | RegExp): boolean {
  return pattern === "*" || pattern === "**";
}
