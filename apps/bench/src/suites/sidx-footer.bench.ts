import type { Suite } from "../suite.js";
import { buildPart } from "./sidx-footer-build.js";
import { openPart } from "./sidx-footer-open.js";

/** Every number that the README of `@holdfast/sidx-footer` states. */
export const sidxFooterSuite: Suite = {
  name: "sidx-footer",
  parts: [openPart, buildPart],
};
