import { isDeepStrictEqual } from "node:util";
import { SidxError, openSdx4, type Sdx4Entry } from "../../src/index.js";

/** What a damaged footer still gives. */
export interface Salvage {
  readonly isFooter: boolean;
  readonly errors: readonly SidxError[];
  /** Whatever came out and is not what was put in. */
  readonly lies: readonly string[];
}

/**
 * Asks a footer everything about some of its entries. An answer may be an error of this package; an answer that is none has to be the
 * truth, as `entries` tell it, or, where a hint may be damaged unseen, nothing at all.
 */
export function salvage(bytes: Uint8Array, entries: readonly Sdx4Entry[], ordinals: readonly number[]): Salvage {
  const errors: SidxError[] = [];
  const lies: string[] = [];
  const attempt = <Value>(run: () => Value): Value | undefined => {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof SidxError)) throw error;
      const { offset = -1 } = error.context;
      if (offset < 0 || offset > bytes.length) lies.push(`an error at ${offset}: ${error.message}`);
      errors.push(error);
      return undefined;
    }
  };
  const footer = attempt(() => openSdx4(bytes));
  if (footer === undefined) return { isFooter: false, errors, lies };
  attempt(() => footer.checkAll());
  for (const ordinal of ordinals) {
    const entry = entries[ordinal];
    if (entry === undefined || ordinal >= footer.entryCount) continue;
    const read = attempt(() => footer.readEntry(ordinal));
    if (read !== undefined && !isDeepStrictEqual(read, entry)) lies.push(`entry ${ordinal} reads as another`);
    const byId = attempt(() => footer.findEventId(entry.eventId)) ?? ordinal;
    if (byId !== ordinal) lies.push(`the event id of ${ordinal} is found at ${byId}`);
    const bySequence = attempt(() => footer.findSequence(entry.sequence)) ?? ordinal;
    if (bySequence !== ordinal) lies.push(`the sequence of ${ordinal} is found at ${bySequence}`);
    attempt(() => {
      const { entity, scope } = entry;
      const selection = footer.select({ entity, scope });
      while (selection.next()) {
        const found = entries[selection.ordinal];
        const isMatch = found?.entity === entity && found.scope === scope;
        if (!isMatch) lies.push(`entry ${selection.ordinal} is selected by ${entity}`);
      }
    });
  }
  return { isFooter: true, errors, lies };
}
