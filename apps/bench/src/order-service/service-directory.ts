import { tempPrefix, type Directory } from "@holdfast/fs-seam";
import { OrderServiceError } from "./order-service-error.js";

/**
 * Whose a directory is. The service removes what it has put aside and makes its read model again, so that it begins nowhere but in a
 * directory that is empty or its own: `events/` and `views/` are names that somebody else may have given.
 */

export const EVENTS = "events";
export const VIEWS = "views";
/** A damaged read model, on its way out. */
export const VIEWS_ASIDE = "views-damaged";

/** By what each of them is known; one that is empty was made right before a crash. */
const marks: ReadonlyMap<string, (name: string) => boolean> = new Map([
  [EVENTS, (name) => name.endsWith(".seg") || isOfAny(name)],
  [VIEWS, isOfDatabase],
  [VIEWS_ASIDE, isOfDatabase],
]);

function isOfDatabase(name: string): boolean {
  return name === "manifest" || name === "wal" || name === "tables" || isOfAny(name);
}

function isOfAny(name: string): boolean {
  return name === "LOCK" || name.startsWith(tempPrefix);
}

/** @throws {@link OrderServiceError} `ORDERS_FOREIGN_DIRECTORY`; nothing was written. */
export function demandOwnDirectory(directory: Directory): void {
  for (const { name, kind } of directory.list()) {
    const isMark = marks.get(name);
    const isOwn = isMark !== undefined && kind === "directory" && isEmptyOrHas(directory, name, isMark);
    if (isOwn) continue;
    const message = `${name} in the directory is not of an order service: give an empty directory, or one of its own`;
    throw new OrderServiceError("ORDERS_FOREIGN_DIRECTORY", message);
  }
}

function isEmptyOrHas(directory: Directory, path: string, isMark: (name: string) => boolean): boolean {
  const names = directory.list(path).map(({ name }) => name);
  return names.length === 0 || names.some(isMark);
}
