/** Entry `@holdfast/store/batpak`: imports the events of a batpak 0.9.0 store. @packageDocumentation */
export { importBatpak } from "./batpak-import.js";
export type { BatpakImportOptions, BatpakImportReport, BatpakProgress } from "./batpak-import.js";
export type { BatpakDamage } from "./batpak-source.js";
