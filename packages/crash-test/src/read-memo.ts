import type { Image } from "@holdfast/fs-seam/crash";
import { ObservationTree, type End, type ObservedRun } from "./observation-tree.js";

/**
 * Outcomes of recovery by what it read: an image that agrees in all of it with an earlier one ends alike, and needs no run.
 * One answer in `recheckEvery` is not given, so that the run is made and compared.
 */
export class ReadMemo {
  /** By number of acknowledgements. */
  readonly #trees: ObservationTree[] = [];
  readonly #recheckEvery: number;
  #found = 0;
  /** Runs that were not needed. */
  saved = 0;

  constructor(recheckEvery: number) {
    this.#recheckEvery = recheckEvery;
  }

  /** How recovery ends on this image; undefined when that has to be found out, or shall be checked. */
  endOn(image: Image, acks: number): End | undefined {
    const end = this.#treeOf(acks).endOn(image);
    if (end === undefined) return undefined;
    this.#found += 1;
    if (this.#found % this.#recheckEvery === 0) return undefined;
    this.saved += 1;
    return end;
  }

  /** Throws `Contradiction` when the run does not go with an earlier one. */
  add(run: ObservedRun, acks: number): void {
    this.#treeOf(acks).add(run);
  }

  #treeOf(acks: number): ObservationTree {
    return (this.#trees[acks] ??= new ObservationTree());
  }
}
