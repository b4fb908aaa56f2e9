import {
  ObservedFs,
  questionKey,
  type Image,
  type Trace,
  type UndecidedDisk,
  type UndecidedLayer,
  type UndecidedSpace,
} from "@holdfast/fs-seam/crash";
import type { Budget } from "./budget.js";
import { askingContext, type Ack } from "./crash-context.js";
import type { ResolvedOptions } from "./crash-matrix-options.js";
import type { ExplorationDigest } from "./exploration-digest.js";
import { ObservationTree, type ObservedRun } from "./observation-tree.js";
import { andThen, recoverAndCheck } from "./recovery-run.js";

/** Runs recovery where nobody knows yet what it would see, and keeps what it saw. */
export class ObservedRecoveries<T> {
  /** Distinct observations, over all personalities and depths, made on disks that were not judged before. */
  distinct = 0;
  readonly budget: Budget;
  readonly #options: ResolvedOptions<T>;
  readonly #done: ExplorationDigest;
  readonly #wasJudged: (image: Image, acks: number) => boolean;
  /** By number of acknowledgements. How deep a crash is, recovery only learns by asking. */
  readonly #trees: ObservationTree[] = [];

  /** @param wasJudged - whether a disk was counted after so many acknowledgements before recoveries were observed. */
  constructor(
    options: ResolvedOptions<T>,
    budget: Budget,
    done: ExplorationDigest,
    wasJudged: (image: Image, acks: number) => boolean,
  ) {
    this.#options = options;
    this.budget = budget;
    this.#done = done;
    this.#wasJudged = wasJudged;
  }

  treeOf(acks: number): ObservationTree {
    return (this.#trees[acks] ??= new ObservationTree());
  }

  /** Runs recovery on a disk and adds what it saw. Synchronous when recovery and check are. */
  run(disk: UndecidedDisk, space: UndecidedSpace, acks: readonly Ack[]): void | Promise<void> {
    this.budget.spend();
    const { personality } = space.layers[0] as UndecidedLayer; // a space has at least one
    const fs = new ObservedFs({ image: disk.image, personality });
    const context = askingContext(acks, space.layers.length - 1, fs);
    return andThen(recoverAndCheck(fs, context, this.#options), (verdict) => {
      if (this.#add({ verdict, ...fs.runForExplorer() }, acks) && !this.#wasJudged(disk.image, acks.length)) {
        this.distinct += 1;
      }
    });
  }

  #add(run: ObservedRun, acks: readonly Ack[]): boolean {
    const isNew = this.treeOf(acks.length).add(run);
    this.#done.add(acks.length);
    for (const { question, answer } of run.observations) this.#done.addText(`${questionKey(question)} ${answer}`);
    return isNew;
  }
}

/** Moments after the same acknowledgements. */
export interface MomentsOfAcks {
  readonly acks: readonly Ack[];
  readonly moments: UndecidedLayer["moments"][number][];
}

/** The moments of a layer, together with those after the same acknowledgements. */
export function byAcks(trace: Trace, layer: UndecidedLayer): MomentsOfAcks[] {
  const classes: MomentsOfAcks[] = [];
  let seen = 0;
  const acks: Ack[] = [];
  for (const moment of layer.moments) {
    for (; seen < moment.at; seen += 1) {
      const record = trace.records[seen];
      if (record?.kind === "mark") acks.push({ label: record.label, data: record.data });
    }
    const last = classes.at(-1);
    if (last?.acks.length === acks.length) last.moments.push(moment);
    else classes.push({ acks: [...acks], moments: [moment] });
  }
  return classes;
}
