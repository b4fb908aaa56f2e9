import {
  crashMatrix,
  type CrashContext,
  type CrashMatrixOptions,
  type CrashMatrixReport,
  type WorkloadRun,
} from "@holdfast/crash-test";
import type { Directory } from "@holdfast/fs-seam";
import { determinedComponents } from "./determined-components.js";
import { demandLaw, eventsOf, findService, type Found, type Promised, type SeenEvent } from "./order-law.js";
import {
  openOrderService,
  type OrderService,
  type OrderServiceParts,
  type OrderServiceSettings,
} from "./order-service.js";
import { orderTraffic } from "./order-traffic.js";
import type { OrderCommand } from "./order.js";

/**
 * A short session of the service under the crash explorer: every disk that a power loss may leave at any moment of it, for the store and the
 * read model together, held against the law; and again inside the recoveries from them.
 */

/** Small enough for flushes, rotations and checkpoints to come up within a few commands. */
const small: OrderServiceSettings = {
  batchEvents: 3,
  checkpointEvents: 4,
  events: {
    segmentBytes: 2048,
    bufferBytes: 1024,
    preallocateBytes: 0,
    prepareSegments: false,
    mergeBytes: 0,
    streamHeads: 16,
  },
  views: { writeBufferBytes: 1200, manifestBytes: 2000, blockBytes: 256, cacheBytes: 0 },
};

const [BEFORE, DURING, BEHIND] = [1, 2, 3]; // seeds: what ran before the power was lost, then, and what recovers

export interface CrashSession {
  /** Orders of the session; a few make thousands of disks. */
  readonly orders: number;
  readonly seed: number;
  /** So many commands of them at most. Default all. */
  readonly commands?: number;
  readonly parts?: OrderServiceParts;
  /** Hears of every disk that is judged. */
  readonly onCheck?: (context: CrashContext) => void;
  /** What of the explorer is to be otherwise. */
  readonly matrix?: Partial<CrashMatrixOptions<Found>>;
}

/** Crashes inside recoveries besides, of which there are dozens for each disk: for the first commands of a session. */
export const insideRecoveries: Partial<CrashMatrixOptions<Found>> = {
  strategy: { kind: "levels", level: 0 },
  nestedStrategy: { kind: "levels", level: 0 },
  nested: 1,
};

/** @throws `CrashTestError` for a disk that breaks the law, with the calls that did it. */
export function exploreCrashes({
  orders,
  seed,
  commands: count,
  parts = {},
  onCheck,
  matrix = {},
}: CrashSession): Promise<CrashMatrixReport> {
  const commands = [...orderTraffic({ orders, seed })].slice(0, count);
  let before: SeenEvent[] = [];
  let appended: SeenEvent[] = [];
  const open = (directory: Directory, run: number): Promise<OrderService> =>
    openOrderService({ directory, settings: small, components: determinedComponents(seed * 4 + run), parts });
  return crashMatrix<Found>({
    name: "order service",
    setup: async (directory) => {
      const service = await open(directory, BEFORE);
      service.execute({ kind: "place", id: "first", order: "first", customer: "c1", lines: [aLine] });
      service.execute({ kind: "pay", id: "first-paid", order: "first", method: "card" });
      await service.caughtUp();
      before = eventsOf(service.store);
      await service.close();
    },
    workload: async (directory, run) => {
      const service = await open(directory, DURING);
      await runSession(service, commands, run);
      appended = eventsOf(service.store);
      await service.close();
      run.ack("durable", appended.length);
      run.ack("saved", service.view.sequence);
    },
    recover: (directory) =>
      findService(directory, { settings: small, components: determinedComponents(seed * 4 + BEHIND) }),
    check: (found, context) => {
      onCheck?.(context);
      demandLaw(found, promisedBy(context, appended, before.length));
    },
    strategy: { kind: "levels", level: 1 },
    nested: 0,
    maxRecoveries: 1_000_000,
    ...matrix,
  });
}

const aLine = { product: "tea", quantity: 2, unitCents: 350 } as const;

/** Every third command waits for the disk, and every fifth for the read model; the others are acknowledged as what they are. */
async function runSession(service: OrderService, commands: readonly OrderCommand[], run: WorkloadRun): Promise<void> {
  for (const [at, command] of commands.entries()) {
    const outcome = service.execute(command);
    if (outcome.kind !== "done") continue;
    if (at % 3 === 0) {
      await service.durable(outcome);
      run.ack("durable", outcome.sequence);
    }
    if (at % 5 === 0) {
      await service.caughtUp();
      run.ack("saved", service.progress.viewSaved);
    }
  }
}

function promisedBy({ acks }: CrashContext, appended: readonly SeenEvent[], before: number): Promised {
  const most = (label: string, least: number): number =>
    acks.reduce((found, ack) => (ack.label === label ? Math.max(found, Number(ack.data)) : found), least);
  return { appended, durable: most("durable", before), viewSaved: most("saved", before) };
}
