/** Every code a {@link SimError} may carry. */
export const simErrorCodes = ["SIM_DEADLOCK", "SIM_STEP_LIMIT", "SIM_RUNNING", "SIM_STOPPED"] as const;

/**
 * `SIM_DEADLOCK`: jobs wait, and nothing is left that could wake them. `SIM_STEP_LIMIT`: the run took more decisions than
 * `maxSteps`, usually because a timer arms itself again for ever. `SIM_RUNNING`: `run()` was called while it runs.
 * `SIM_STOPPED`: the job was stopped before it began.
 */
export type SimErrorCode = (typeof simErrorCodes)[number];

/** A simulation that cannot go on. Wrong arguments are `TypeError` and `RangeError`. */
export class SimError extends Error {
  override readonly name: string = "SimError";
  /** What happened; stable. */
  readonly code: SimErrorCode;
  /** Jobs, operations and named promises that nobody will wake, each in words. */
  readonly waiting: readonly string[];

  constructor(code: SimErrorCode, message: string, waiting: readonly string[] = []) {
    super(message);
    this.code = code;
    this.waiting = waiting;
  }
}
