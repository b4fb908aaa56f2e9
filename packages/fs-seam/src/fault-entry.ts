/**
 * Entry `@holdfast/fs-seam/fault`: errors, short and torn transfers, delays and media faults over any backend.
 * @packageDocumentation
 */
export { everyNthFault, FaultSweepError } from "./fault-sweep.js";
export type { FaultOutcome, FaultSweepOptions, FaultSweepReport } from "./fault-sweep.js";
export { FaultFs } from "./fault-fs.js";
export type { FaultFsOptions } from "./fault-fs.js";
export type { FaultTimer } from "./fault-gate.js";
export { suffixGlob } from "./fault-path.js";
export { ArmedRule, Fault, FaultPlan, UnfiredFaultsError } from "./fault-plan.js";
export type { FaultPlanJson } from "./fault-plan.js";
export type {
  CallbackAction,
  CorruptReadAction,
  DelayAction,
  ErrorAction,
  FaultAction,
  FaultActionKind,
  FaultCall,
  FaultRule,
  FaultTrigger,
  PlaceAction,
  ShortAction,
  TornAction,
} from "./fault-rule.js";
export { Prng, streamSeed } from "./prng.js";
export type { Seed } from "./prng.js";
