/**
 * Entry `@holdfast/fs-seam/conformance`: the obligations of a backend, as tests for any runner.
 * @packageDocumentation
 */
export { ConformanceViolation } from "./claims.js";
export {
  assertConformance,
  conformanceCaseIds,
  conformanceCases,
  conformanceVersion,
  fsConformance,
  runConformance,
} from "./conformance.js";
export type { ConformanceReport, ConformanceRunner, ConformanceVerdict } from "./conformance.js";
export { Qualification, Trial } from "./conformance-case.js";
export type {
  ConformanceBackend,
  ConformanceCase,
  ConformanceFamily,
  ConformanceNeed,
  CrashLaw,
} from "./conformance-case.js";
