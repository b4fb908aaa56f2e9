export { replacement } from "./replacement.js";
export type { Found, Replacement } from "./replacement.js";
export { loadPrograms } from "./save-programs.js";
export type { SaveProgram } from "./save-programs.js";
export { verdicts } from "./verdicts.js";
export type { Verdict } from "./verdicts.js";
