import type { Trace } from "@holdfast/fs-seam/crash";
import type { CrashContext, ResolvedOptions } from "./crash-matrix-options.js";

/** Labels named in a message at most. */
const maxNamed = 10;

/** The labels that a check, or recovery, wanted to know to be acknowledged, over a whole exploration. */
export class AskedLabels {
  readonly #asked = new Set<string>();
  #last: readonly [context: CrashContext, listening: CrashContext] | undefined = undefined;

  /** The options with a recovery and a check that are listened to. */
  listenTo<T>(options: ResolvedOptions<T>): ResolvedOptions<T> {
    return {
      ...options,
      recover: (directory, context) => options.recover(directory, this.#listening(context)),
      check: (recovered, context) => options.check(recovered, this.#listening(context)),
    };
  }

  /** Recovery and check of one disk are told the same. */
  #listening(context: CrashContext): CrashContext {
    if (this.#last?.[0] === context) return this.#last[1];
    const listening: CrashContext = {
      acks: context.acks,
      acked: (label) => {
        this.#asked.add(label);
        return context.acked(label);
      },
      get depth() {
        return context.depth; // only when somebody looks, for that may be noted, too
      },
    };
    this.#last = [context, listening];
    return listening;
  }

  /**
   * What is wrong when a label was asked for that the workload never acknowledges: the law that asked held wherever it was
   * judged, whatever was recovered.
   */
  complaint({ records }: Trace): string | undefined {
    const given = new Set(records.flatMap((record) => (record.kind === "mark" ? [record.label] : [])));
    const unknown = [...this.#asked].filter((label) => !given.has(label));
    if (unknown.length === 0) return undefined;
    const known = given.size === 0 ? "nothing" : listed([...given]);
    return `the laws ask for the acknowledgement of ${listed(unknown)}, and the workload acknowledges ${known}`;
  }
}

function listed(labels: readonly string[]): string {
  const named = labels.slice(0, maxNamed).map((label) => JSON.stringify(label) ?? String(label));
  return labels.length > maxNamed ? `${named.join(", ")} and ${labels.length - maxNamed} more` : named.join(", ");
}
