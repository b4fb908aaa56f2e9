import type { Call } from "@holdfast/fs-seam/crash";

/** Frames of the engine itself; what called it is the program under test. */
const engineFrame =
  /^\s*at (?:async )?(?:new )?_?(?:EffectLog|EngineHandle|EngineContent|EngineFs|CrashFs|SimFs|Directory|FaultFs|FaultHandle)\d*[. ]/;

/** `operation(path -> destination)`. */
export function callText(call: Call | undefined): string {
  if (call === undefined) return "a call";
  const to = call.destination === undefined ? "" : ` -> ${call.destination}`;
  return `${call.operation}(${call.path}${to})`;
}

/** `function file:line` of the program frame that made a call, or "" when it was not recorded. */
export function siteOf(call: Call | undefined): string {
  const frames = (call?.site?.stack ?? "").split("\n").slice(1);
  const frame = frames.find((line) => !engineFrame.test(line) && !line.includes("(node:"));
  const match = /\(?((?:file:\/\/)?[^()\s]+):(\d+):\d+\)?\s*$/.exec(frame ?? "");
  if (match === null) return "";
  const [, file = "", line = ""] = match;
  return `${file.split("/").slice(-2).join("/")}:${line}`;
}

/** The call and where it stands. */
export function describeCall(call: Call | undefined): string {
  const site = siteOf(call);
  return site === "" ? callText(call) : `${callText(call)} at ${site}`;
}
