import { fileURLToPath } from "node:url";
import type { Call } from "@holdfast/fs-seam/crash";

/** Frames of the engine itself; what called it is the program under test. */
const engineFrame =
  /^(?:async )?(?:new )?_?(?:EffectLog|EngineHandle|EngineContent|EngineFs|CrashFs|ObservedFs|SimFs|Directory|FaultFs|FaultHandle|Volume|SyncFunctions|Turns|VirtualFileHandle)\d*[. ]/;

/** Where the engine lies when nobody has bundled it: no frame of it is the program's. */
const ownBuild = /[/\\]fs-seam[/\\](?:dist|src)[/\\]/;
const here = fileURLToPath(new URL(".", import.meta.url));
/** The `node:fs` facade of this package, which stands between a program and the engine. A build has all of it in one place. */
const facadeDirectory = import.meta.url.endsWith("/src/call-site.ts") ? `${here}node` : here;

/** `operation(path -> destination)`. */
export function callText(call: Call | undefined): string {
  if (call === undefined) return "a call";
  const to = call.destination === undefined ? "" : ` -> ${call.destination}`;
  return `${call.operation}(${call.path}${to})`;
}

interface Frame {
  /** What stands behind "at". */
  readonly text: string;
  readonly file: string;
  readonly line: string;
}

function frameOf(line: string): Frame[] {
  const text = line.replace(/^\s*at /, "");
  const place = text.endsWith(")") ? text.slice(text.lastIndexOf(" (") + 2, -1) : text.replace(/^async /, "");
  const match = /^(file:\/\/)?(.*):(\d+):\d+$/.exec(place);
  if (match === null) return [];
  const [, url, address = "", number = ""] = match;
  const file = url === undefined ? address : address.replace(/[?#].*/, ""); // a module that was loaded more than once
  return file.startsWith("node:") ? [] : [{ text, file, line: number }];
}

/** Where a call left the program under test, and whether it went through the functions of `node:fs` from there. */
function wayOf(call: Call | undefined): { readonly program: Frame | undefined; readonly isNodeFs: boolean } {
  const frames = (call?.site?.stack ?? "").split("\n").slice(1).flatMap(frameOf);
  const recorder = frames[0]?.file ?? "";
  const recorderDirectory = recorder.replace(/[^/\\]*$/, "");
  const layers = [recorderDirectory, facadeDirectory];
  const outside = frames.filter(({ text }) => !engineFrame.test(text));
  const program = outside.find(({ file }) => !layers.some((directory) => file.startsWith(directory)));
  const between = frames.slice(0, program === undefined ? 0 : frames.indexOf(program));
  return {
    // In a bundle of the program everything is in one file; our own build never holds it.
    program: program ?? (ownBuild.test(recorder) ? undefined : outside.find(({ file }) => file === recorder)),
    isNodeFs: between.some(({ file }) => file.startsWith(facadeDirectory)),
  };
}

/** Whether the program made this call by a function of `node:fs`. */
export function isNodeFs(call: Call | undefined): boolean {
  return wayOf(call).isNodeFs;
}

/**
 * `directory/file:line` of the program frame that made a call, or "" when it was not recorded. Frames of the package that
 * recorded it are left out, so that `atomicReplace` and its like are named by whoever called them.
 */
export function siteOf(call: Call | undefined): string {
  const { program } = wayOf(call);
  if (program === undefined) return "";
  return `${program.file.split(/[/\\]/).slice(-2).join("/")}:${program.line}`;
}

/** The call and where it stands. */
export function describeCall(call: Call | undefined): string {
  const site = siteOf(call);
  return site === "" ? callText(call) : `${callText(call)} at ${site}`;
}
