import type { Directory } from "@holdfast/fs-seam";
import type { Wal } from "@holdfast/wal";
import type { PlaceReader } from "@holdfast/wal/places";
import type { Accelerator } from "./accelerator.js";
import type { EventHasher } from "./event-hash.js";
import type { EventIndex } from "./event-index.js";

/** What work on the files of an open store needs of it. */
export interface MaintenanceParts {
  readonly log: Wal;
  readonly places: PlaceReader;
  readonly index: EventIndex;
  readonly hasher: EventHasher;
  readonly directory: Directory;
  readonly maxRecordBytes: number;
  readonly turn: () => Promise<void>;
  /** What is derived from segments. */
  readonly accelerator: Accelerator;
}
