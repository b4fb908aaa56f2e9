import { CleanupStack } from "../src/cleanup-stack.js";
import { paintFor, type CommandIo } from "../src/terminal.js";
import { makeDocument, type TourDocument } from "../src/tour/tour-document.js";
import type { Figure, TourContext } from "../src/tour/tour-step.js";

/** A {@link CommandIo} that keeps what is written to it. */
export interface CapturedIo extends CommandIo {
  readonly out: () => string;
  readonly err: () => string;
}

export function capturedIo(): CapturedIo {
  const out: string[] = [];
  const err: string[] = [];
  return {
    stdout: { write: (text) => out.push(text) },
    stderr: { write: (text) => err.push(text) },
    env: {},
    out: () => out.join(""),
    err: () => err.join(""),
  };
}

/** A context for one step, without a tour around it. */
export interface LoneContext extends TourContext {
  readonly story: readonly string[];
  readonly figures: readonly Figure[];
}

export function loneContext(directory: string, document: TourDocument = smallDocument()): LoneContext {
  const story: string[] = [];
  const figures: Figure[] = [];
  return {
    directory,
    seed: 7,
    document,
    cleanup: new CleanupStack(),
    paint: paintFor({ write: () => true }, {}),
    say: (line) => void story.push(line),
    progress: () => {},
    measured: (figure) => void figures.push(figure),
    story,
    figures,
  };
}

/** Three sectors: every crash state is looked at, in milliseconds. */
export function smallDocument(): TourDocument {
  return makeDocument(Uint8Array.from({ length: 1200 }, (_, at) => 97 + (at % 26)));
}
