import type { FsState } from "./fs-state.js";
import { PathImages } from "./path-images.js";
import { PathLengths } from "./path-lengths.js";
import type { PathLedger } from "./path-ledger.js";
import type { Personality } from "./personality.js";

/** The book of a personality whose law is keyed by path; undefined for the others, which keep none. */
export function pathLawOf({ law }: Personality, state: () => FsState): PathLedger | undefined {
  switch (law) {
    case "effects":
      return undefined;
    case "path-images":
      return new PathImages(state);
    case "path-lengths":
      return new PathLengths(state);
  }
}
