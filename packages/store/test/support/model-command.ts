import type fc from "fast-check";
import type { StoreModel } from "./store-model.js";
import type { StoreProgram } from "./store-program.js";

/** How much is held against the model behind a command. Reading writes what waits in memory, so that not every command may read. */
type Look = "watermarks" | "last events" | "all";

export interface CommandParts<Args> {
  readonly name: string;
  readonly args: Args;
  readonly look: Look;
  /** Whether it is the end of the command before, so that it happens at one of the moments of that. Default false. */
  readonly isStop?: boolean;
  /** Default always. */
  readonly isPossible?: (model: Readonly<StoreModel>) => boolean;
  /** Does it to the store and to the model, and holds what comes of it against that. */
  readonly act: (args: Args, model: StoreModel, program: StoreProgram) => Promise<void>;
}

/** Something that a program does with a store. */
export class ModelCommand<Args = unknown> implements fc.AsyncCommand<StoreModel, StoreProgram> {
  readonly #parts: CommandParts<Args>;

  constructor(parts: CommandParts<Args>) {
    this.#parts = parts;
  }

  check(model: Readonly<StoreModel>): boolean {
    return this.#parts.isPossible?.(model) ?? true;
  }

  async run(model: StoreModel, program: StoreProgram): Promise<void> {
    const { args, look, isStop = false, act } = this.#parts;
    if (!isStop) program.begin(model);
    program.note("command");
    await act(args, model, program);
    program.demandWatermarks(model);
    if (look === "last events") program.demandLast(model);
    if (look === "all") await program.demandAll(model);
  }

  toString(): string {
    const { name, args } = this.#parts;
    return `${name}(${JSON.stringify(args) ?? ""})`;
  }
}
