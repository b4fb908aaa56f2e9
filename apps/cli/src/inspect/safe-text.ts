/**
 * Names and strings come out of files that anybody may have written, and go to a terminal that obeys control characters. What
 * could move the cursor, hide text or change its direction is shown by its number.
 */

const plainAscii = /^[ !#-[\]-~]*$/;
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** `text` as a JSON string without any character that acts on a terminal: an equal string to whoever parses it. */
export function quoted(text: string): string {
  if (plainAscii.test(text)) return `"${text}"`; // nearly every name there is
  return escapedJson(JSON.stringify(text));
}

/** JSON, or a piece of it, without any character that acts on a terminal: equal to whoever parses it. */
export function escapedJson(json: string): string {
  return json.replace(unsafe, escaped);
}

/** `text` with every such character by its number, and without quotes around it: a sentence of ours with a name in it. */
export function sentence(text: string): string {
  return quoted(text).slice(1, -1);
}

/** `text` for people: unquoted as long as it is plain, and quoted where a reader could not tell where it ends. */
export function shown(text: string): string {
  return /^[^\s"\\]+$/u.test(text) && text.search(unsafe) === -1 ? text : quoted(text);
}

function escaped(character: string): string {
  let text = "";
  for (let index = 0; index < character.length; index++) {
    text += `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`; // a pair becomes two, as JSON has it
  }
  return text;
}
