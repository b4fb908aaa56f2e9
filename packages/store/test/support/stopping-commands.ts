import { expect } from "vitest";
import { backup } from "../../src/maintenance-entry.js";
import { openingPaths } from "../opening-paths.js";
import { ModelCommand } from "./model-command.js";
import type { Left } from "./store-program.js";

/** How a program stops, and what it goes on with. */

/** @param path - which of the ways to come to know the events. */
export function reopenCommand(path: number): ModelCommand<number> {
  return new ModelCommand({
    name: "reopen",
    args: path,
    look: "all",
    act: (_, model, program) => program.reopen(model, openingPaths[path]!),
  });
}

export function killCommand(): ModelCommand<undefined> {
  return new ModelCommand({
    name: "kill",
    args: undefined,
    look: "all",
    isStop: true,
    act: (_, model, program) => program.kill(model),
  });
}

export interface PowerLossArgs {
  /** Which of the moments since the command before began. */
  readonly moment: number;
  readonly left: Left;
}

export function powerLossCommand(args: PowerLossArgs): ModelCommand<PowerLossArgs> {
  return new ModelCommand({
    name: "losePower",
    args,
    look: "all",
    isStop: true,
    act: ({ moment, left }, model, program) => program.losePower(model, moment, left),
  });
}

export function backupCommand(): ModelCommand<undefined> {
  return new ModelCommand({
    name: "backup",
    args: undefined,
    look: "last events",
    act: async (_, model, program) => {
      const target = program.makeCopyDirectory();
      const report = await backup(program.store, target);
      const { length } = model.events;
      const { id } = program.store;
      expect(report.anchor).toEqual({ id, sequence: length, hash: model.events.at(-1)?.hash ?? "" });
      model.durable = length;
      const copied = Object.assign(model.copy(), { visible: length, backup: undefined });
      model.backup = { path: target.path, report, model: copied };
      await program.demandBackup(model.backup);
    },
  });
}

/** Goes on with the copy, as whoever has lost the store does. */
export function restoreCommand(): ModelCommand<undefined> {
  return new ModelCommand({
    name: "restore",
    args: undefined,
    look: "all",
    isPossible: ({ backup: held }) => held !== undefined,
    act: async (_, model, program) => {
      await program.restore(model);
      program.note("restored");
    },
  });
}
