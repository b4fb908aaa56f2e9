import type { CleanupStack } from "../cleanup-stack.js";
import type { Paint } from "../terminal.js";
import type { TourDocument } from "./tour-document.js";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Something the tour says about the world and has just put to the test. */
export interface Claim {
  /** Stable name in kebab-case, for machines. */
  readonly name: string;
  readonly ok: boolean;
  /** `says` is one sentence for people, with the figures of this run; the rest are these figures for machines. */
  readonly details: { readonly says: string; readonly [key: string]: JsonValue };
}

/** A measurement, for orientation: no claim rests on it. */
export interface Figure {
  /** Stable name in kebab-case. */
  readonly name: string;
  readonly value: number;
  readonly unit: "µs" | "per second" | "ms";
}

/** What a step gets to work with. */
export interface TourContext {
  /** Host path of the temporary directory; a step works in directories of its own in it. */
  readonly directory: string;
  /** Decides every choice that is not the machine's. */
  readonly seed: number;
  readonly document: TourDocument;
  /** Children to kill and the like, should the tour be interrupted. */
  readonly cleanup: CleanupStack;
  /** Colours of the stream that `say` writes to. */
  readonly paint: Paint;
  /** Tells the story: one line. */
  readonly say: (line: string) => void;
  /** Says what is going on meanwhile: one line, always on stderr. */
  readonly progress: (line: string) => void;
  /** Adds a measurement to the report. */
  readonly measured: (figure: Figure) => void;
}

/** One part of the tour. Steps do not depend on each other. */
export interface TourStep {
  readonly title: string;
  /** Shows something and returns what it claims. A rejection counts as a failed claim, and the next step runs. */
  run(context: TourContext): Promise<Claim[]>;
}
