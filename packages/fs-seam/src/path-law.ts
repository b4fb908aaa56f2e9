import type { FsState } from "./fs-state.js";

/** The path-keyed laws of older simulators. */
export class PathLaw {
  readonly kind: "path-images" | "path-lengths";

  constructor(kind: "path-images" | "path-lengths", _state: FsState) {
    this.kind = kind;
  }

  synced(_path: string, _ino: number, _state: FsState, _fault: string | undefined): void {}

  crash(_state: FsState): void {}
}
