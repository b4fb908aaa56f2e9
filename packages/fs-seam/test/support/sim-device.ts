import type { SimOperation } from "../../src/sim-operation.js";
import { SimScheduler, type SimSchedulerOptions } from "../../src/sim-scheduler.js";

/** A simulated device that writes down when its operations take effect and complete. */
export class Device {
  readonly events: string[] = [];
  readonly scheduler: SimScheduler;

  constructor(options: SimSchedulerOptions = {}) {
    this.scheduler = new SimScheduler(options);
  }

  use(label: string, more: Partial<SimOperation<string>> = {}): Promise<string> {
    return this.scheduler.issue({
      label,
      effect: () => void this.events.push(`effect ${label}`),
      complete: () => {
        this.events.push(`complete ${label}`);
        return label;
      },
      ...more,
    });
  }
}

/** What a promise is rejected with, whatever that is. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("expected a failure");
}
