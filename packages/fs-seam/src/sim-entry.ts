/**
 * Entry `@holdfast/fs-seam/sim`: a seeded machine of virtual time, in which everything that can be reordered is.
 * @packageDocumentation
 */
export { Prng, streamSeed } from "./prng.js";
export type { Seed } from "./prng.js";
export { SimClock, simEpochMicros } from "./sim-clock.js";
export type { SimClockOptions, SimTimer, SleepOptions } from "./sim-clock.js";
export { Digest } from "./sim-digest.js";
export { SimError, simErrorCodes } from "./sim-error.js";
export type { SimErrorCode } from "./sim-error.js";
export { SimFs } from "./sim-fs.js";
export type { PlannedCrash, SimFaultCounts, SimFsOptions } from "./sim-fs.js";
export type { SimJob, SimJobState } from "./sim-job.js";
export type { Latency, LatencyModel, TimedOperation } from "./sim-latency.js";
export type { SimOperation } from "./sim-operation.js";
export { replayPicks, ScheduleWalk, seededPick } from "./sim-pick.js";
export type { SimCandidate, SimPick } from "./sim-pick.js";
export { SimScheduler } from "./sim-scheduler.js";
export type { SimRunOptions, SimRunReport, SimSchedulerOptions } from "./sim-scheduler.js";
export { traceHash } from "./sim-trace-hash.js";
