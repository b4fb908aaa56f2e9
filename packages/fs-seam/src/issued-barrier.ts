import type { FsOperation } from "./fs-error.js";
import type { IssuedOperation } from "./issued-operation.js";

/** What a barrier has to know of its engine: whether a crash has come since its issue. */
interface BarrierEngine {
  readonly epoch: number;
  readonly checkEpoch: (epoch: number, operation: FsOperation, path: string) => void;
}

/**
 * A barrier that works is recorded when the program learns of it: until then a crash may go either way, with the bytes
 * or without. One that fails has lost its bytes before the program hears of it.
 */
export function issuedBarrier(
  engine: BarrierEngine,
  operation: FsOperation,
  path: string,
  lane: object | undefined,
  fails: () => boolean,
  finish: () => void,
): IssuedOperation<void> {
  const { epoch } = engine;
  let failed = false;
  let fail: (() => never) | undefined;
  return {
    operation,
    path,
    lane,
    effect: () => {
      if (epoch !== engine.epoch || !fails()) return;
      try {
        finish();
      } catch (error) {
        fail = () => {
          throw error;
        };
      }
      failed = true;
    },
    complete: () => {
      engine.checkEpoch(epoch, operation, path);
      if (!failed) finish();
      fail?.();
    },
  };
}
