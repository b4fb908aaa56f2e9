import type { CrashContext } from "./crash-matrix-options.js";

export type Ack = CrashContext["acks"][number];

/** What a check is told. */
export function contextOf(acks: readonly Ack[], depth: number): CrashContext {
  return { acks, depth, acked: (label) => acks.some((ack) => ack.label === label) };
}
