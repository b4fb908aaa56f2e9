import type { Suite } from "../suite.js";
import { appendPart } from "./wal-append.js";
import { durablePart } from "./wal-durable.js";
import { footprintPart } from "./wal-footprint.js";
import { recoveryPart } from "./wal-recovery.js";
import { reopenPart } from "./wal-reopen.js";
import { walReferencePart } from "./wal-reference.js";
import { replayPart } from "./wal-replay.js";
import { waitersPart } from "./wal-waiters.js";

/** Every number that the README of `@holdfast/wal` states. */
export const walSuite: Suite = {
  name: "wal",
  parts: [appendPart, durablePart, waitersPart, replayPart, recoveryPart, reopenPart, footprintPart, walReferencePart],
};
