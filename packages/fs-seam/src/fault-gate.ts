import type { Fault, FaultPlan } from "./fault-plan.js";
import { needsMedia } from "./fault-rule.js";
import type { FaultCall, FaultRule, PlaceAction } from "./fault-rule.js";
import { FsError } from "./fs-error.js";
import { hasMedia } from "./media-faults.js";
import type { StoreFs } from "./store-fs.js";

/** How a delay passes. Without one, delays are added up and nobody waits. */
export interface FaultTimer {
  /** Lets time pass before a blocking call goes on, by advancing a virtual clock for example. */
  pass(milliseconds: number): void;
  /** The same before the promise form of a call. */
  wait(milliseconds: number): Promise<void>;
}

/** What the plan said about one call: time to let pass, and the fault that has it, if any. */
export interface FaultDecision {
  readonly delayMs: number;
  readonly fault: Fault | undefined;
}

const goOn: FaultDecision = { delayMs: 0, fault: undefined };

/** Asks the plan about every call of a FaultFs and its handles, and carries out what is the same for all of them. */
export class FaultGate {
  readonly inner: StoreFs;
  readonly plan: FaultPlan;
  readonly #timer: FaultTimer | undefined;
  #delayedMs = 0;

  constructor(inner: StoreFs, plan: FaultPlan, timer: FaultTimer | undefined) {
    this.inner = inner;
    this.plan = plan;
    this.#timer = timer;
    plan.guard((rule) => this.#checkMedia(rule));
  }

  #checkMedia(rule: FaultRule): void {
    if (!needsMedia(rule.action) || hasMedia(this.inner)) return;
    const { backend } = this.inner;
    throw new FsError(
      "FS_UNSUPPORTED",
      `fault plan: ${rule.action.kind} needs a disk model, which ${backend} has not`,
      {
        operation: "mount",
      },
    );
  }

  /** Milliseconds of all delays so far. */
  get delayedMs(): number {
    return this.#delayedMs;
  }

  /** Asks the plan, at the call, so that faults follow program order; runs callbacks, and strikes faults by place. */
  decide(call: FaultCall): FaultDecision {
    if (this.plan.rules.length === 0) return goOn;
    let delayMs = 0;
    let final: Fault | undefined;
    for (const fault of this.plan.decide(call)) {
      const { action } = fault;
      if (action.kind === "delay") delayMs += action.milliseconds;
      else if (action.kind === "callback") action.callback(call);
      else final = fault;
    }
    this.#delayedMs += delayMs;
    if (final === undefined) return delayMs === 0 ? goOn : { delayMs, fault: undefined };
    const { action } = final;
    if (action.kind !== "bitRot" && action.kind !== "latentError" && action.kind !== "staleRead") {
      return { delayMs, fault: final };
    }
    this.#strikePlace(action, call);
    return { delayMs, fault: undefined };
  }

  #strikePlace(action: PlaceAction, call: FaultCall): void {
    const { inner } = this;
    if (!hasMedia(inner) || call.path === undefined) return; // refused when the rule was armed
    if (action.kind === "bitRot") inner.media.flipBit(call.path, action.offset, action.bit);
    else inner.media[action.kind](call.path, action.offset, action.length);
  }

  pass(delayMs: number): void {
    if (delayMs > 0) this.#timer?.pass(delayMs);
  }

  async wait(delayMs: number): Promise<void> {
    if (delayMs > 0) await this.#timer?.wait(delayMs);
  }

  /**
   * A blocking call that either fails by the plan or is carried out.
   *
   * @param discard - undoes a result that a late error keeps from its caller.
   */
  run<Result>(call: FaultCall, carryOut: () => Result, discard?: (result: Result) => void): Result {
    const { delayMs, fault } = this.decide(call);
    this.pass(delayMs);
    if (fault === undefined || fault.action.kind !== "error") return carryOut();
    if (fault.action.late === true) {
      const result = carryOut();
      discard?.(result);
    }
    throw fault.error(fault.action.errno);
  }
}
