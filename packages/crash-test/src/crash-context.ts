import type { ObservedFs } from "@holdfast/fs-seam/crash";
import type { CrashContext } from "./crash-matrix-options.js";

export type Ack = CrashContext["acks"][number];

/** What a check is told. */
export function contextOf(acks: readonly Ack[], depth: number): CrashContext {
  return { acks, depth, acked: (label) => acks.some((ack) => ack.label === label) };
}

/** A context that notes when somebody looks how deep the crash was. */
export function askingContext(acks: readonly Ack[], depth: number, fs: ObservedFs): CrashContext {
  const { acked } = contextOf(acks, depth);
  return {
    acks,
    acked,
    get depth() {
      fs.observeMounts();
      return depth;
    },
  };
}
