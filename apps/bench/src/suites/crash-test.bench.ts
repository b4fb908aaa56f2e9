import type { Suite } from "../suite.js";
import { facadePart } from "./crash-facade.js";
import { lazyPart } from "./crash-lazy.js";
import { packagesPart } from "./crash-packages.js";
import { protocolPart } from "./crash-protocol.js";
import { statesPart } from "./crash-states.js";

/** Every number that the README of `@holdfast/crash-test` states. */
export const crashTestSuite: Suite = {
  name: "crash-test",
  parts: [statesPart, protocolPart, lazyPart, packagesPart, facadePart],
};
