import { monitorEventLoopDelay, type IntervalHistogram } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { getHeapStatistics } from "node:v8";
import type { PartRun } from "./run-document.js";

/** What the process of one part takes, from begin to stop. */
export class PartUsage {
  readonly #part: string;
  readonly #delay: IntervalHistogram;
  readonly #began: bigint = process.hrtime.bigint();
  readonly #cpu: NodeJS.CpuUsage = process.cpuUsage();

  private constructor(part: string, delay: IntervalHistogram) {
    this.#part = part;
    this.#delay = delay;
  }

  static async begin(part: string): Promise<PartUsage> {
    const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    delay.enable();
    await oneSample(); // it counts from the first time that its timer has fired
    return new PartUsage(part, delay);
  }

  async stop(): Promise<PartRun> {
    heapPeak.look();
    const { user, system } = process.cpuUsage(this.#cpu);
    const wallNs = Number(process.hrtime.bigint() - this.#began);
    await oneSample(); // of work that held the loop to its end
    this.#delay.disable();
    const beyond = (ns: number): number => Math.max(0, ns - RESOLUTION_MS * 1e6);
    return {
      part: this.#part,
      wallNs,
      cpuNs: (user + system) * 1000,
      eventLoopDelay: {
        p50Ns: beyond(this.#delay.percentile(50)),
        p99Ns: beyond(this.#delay.percentile(99)),
        maxNs: beyond(this.#delay.max),
      },
      memory: { rssPeakBytes: process.resourceUsage().maxRSS * 1024, heapPeakBytes: heapPeak.bytes },
    };
  }
}

function oneSample(): Promise<void> {
  return setTimeout(2 * RESOLUTION_MS);
}

/** The histogram counts how long a timer of so many milliseconds took, these included. */
const RESOLUTION_MS = 10;

/** The most of this process's heap that was in use whenever somebody looked: V8 does not say what was the most between two looks. */
class HeapPeak {
  bytes = 0;

  look(): void {
    this.bytes = Math.max(this.bytes, getHeapStatistics().used_heap_size);
  }
}

export const heapPeak: HeapPeak = new HeapPeak();
