import type { PageData, PageDisk, PageState } from "./page-data.js";
import type { JsonCall, JsonEffect, JsonRecord, JsonRun } from "./report-format.js";

/** What has become of an effect at a moment of a run, on one disk that may be left. */
export type Fate = "future" | "durable" | "kept" | "torn" | "lost" | "gone";

/** One line of a file or directory: symbols of its records are drawn on it. */
export interface Lane {
  readonly inode: number;
  readonly kind: "file" | "directory";
  readonly title: string;
  /** Other names it had. */
  readonly alias: string;
}

/** One row of a hexadecimal listing. */
export interface HexRow {
  readonly offset: number;
  readonly hex: string;
  readonly text: string;
}

/** The questions that the client code of the page asks of its data. */
export interface PageModel {
  readonly isEffect: (record: JsonRecord) => record is JsonEffect;
  readonly laneOf: (record: JsonRecord) => number | undefined;
  readonly lanesOf: (run: JsonRun) => Lane[];
  readonly fateOf: (effect: JsonEffect, personality: number, at: number, state: PageState | undefined) => Fate;
  readonly recordText: (run: JsonRun, record: JsonRecord) => string;
  readonly callOf: (run: JsonRun, record: JsonRecord | undefined) => string;
  readonly momentText: (run: JsonRun, at: number) => string;
  readonly stateText: (run: JsonRun, state: PageState) => string;
  readonly diskAt: (data: PageData, run: number, personality: number, at: number) => PageDisk | undefined;
  readonly hexRows: (head: string) => HexRow[];
}

/**
 * Makes the model. The page carries the source of this function, so nothing in it may refer to anything outside of it but
 * types and what every browser has.
 */
export function pageModel(): PageModel {
  const isEffect = (record: JsonRecord): record is JsonEffect =>
    record.kind === "data" || record.kind === "size" || record.kind === "link" || record.kind === "unlink";

  const laneOf = (record: JsonRecord): number | undefined => {
    if (record.kind === "link" || record.kind === "unlink") return record.directory;
    if (record.kind === "data" || record.kind === "size") return record.inode;
    return record.kind === "barrier" && record.scope !== "all" ? record.inode : undefined;
  };

  const lanesOf = (run: JsonRun): Lane[] => {
    const used = new Set(run.records.map(laneOf));
    return run.inodes
      .filter(({ inode }) => used.has(inode))
      .map(({ inode, kind, paths }) => ({
        inode,
        kind,
        title: paths[0] ?? `inode ${inode}`,
        alias: paths.slice(1).join(", "),
      }));
  };

  const fateOf = (effect: JsonEffect, personality: number, at: number, state: PageState | undefined): Fate => {
    if (effect.record >= at) return "future";
    if (effect.gone !== undefined) return "gone";
    const durableAt = effect.durableAt[personality] ?? null;
    if (durableAt !== null && durableAt <= at) return "durable";
    if (state?.torn.includes(effect.record) === true) return "torn";
    return state?.kind === "none" || state?.lost.includes(effect.record) === true ? "lost" : "kept";
  };

  const callText = (call: JsonCall | undefined): string => {
    if (call === undefined) return "a call";
    const to = call.destination === undefined ? "" : ` → ${call.destination}`;
    return `${call.operation}(${call.path}${to})${call.site === undefined ? "" : ` at ${call.site}`}`;
  };

  const callOf = (run: JsonRun, record: JsonRecord | undefined): string =>
    callText(record?.call === undefined ? undefined : run.calls[record.call]);

  const pathOf = (run: JsonRun, inode: number): string =>
    run.inodes.find((each) => each.inode === inode)?.paths[0] ?? `inode ${inode}`;

  const recordText = (run: JsonRun, record: JsonRecord): string => {
    switch (record.kind) {
      case "data":
        return `bytes ${record.start} to ${record.end - 1} of ${pathOf(run, record.inode)}`;
      case "size":
        return `length of ${pathOf(run, record.inode)}: ${record.from} → ${record.to}`;
      case "link":
        return `name ${JSON.stringify(record.name)} made in ${pathOf(run, record.directory)}`;
      case "unlink":
        return `name ${JSON.stringify(record.name)} removed from ${pathOf(run, record.directory)}`;
      case "barrier": {
        const what = { file: "the bytes and length of", names: "the names in", all: "everything" }[record.scope];
        const whose = record.scope === "all" ? "" : ` ${pathOf(run, record.inode)}`;
        const end = { done: "", failed: ", which failed", dropped: ", which did nothing" }[record.outcome];
        return `barrier for ${what}${whose}${end}`;
      }
      case "mark":
        return `${JSON.stringify(record.label)} is acknowledged`;
      case "writeback":
        return "write-back in the background";
      case "media":
        return "a bit of the disk changes";
    }
  };

  const momentText = (run: JsonRun, at: number): string => {
    const next = run.records.find(({ record }) => record === at);
    const last = run.records.findLast(({ record, call }) => record < at && call !== undefined);
    const after = last === undefined ? "" : `after ${callOf(run, last)}, `;
    if (next === undefined) return `${after}at the end`;
    if (next.kind === "barrier") return `${after}before ${callOf(run, next)} returns`;
    return next.kind === "mark"
      ? `${after}before ${JSON.stringify(next.label)} is acknowledged`
      : `${after}before the next call`;
  };

  const stateText = (run: JsonRun, state: PageState): string => {
    if (state.kind === "failure") return "the failure";
    if (state.kind === "path") return "the crash that leads to the failure";
    if (state.kind === "all") return "everything that is pending survives";
    if (state.kind === "none") return "nothing that is pending survives";
    const first = run.records.find(({ record }) => record === state.lost[0]);
    const what = first === undefined ? `record ${state.lost[0]}` : `#${first.record}, ${recordText(run, first)}`;
    const more = state.lost.length === 1 ? "" : `, and ${state.lost.length - 1} that need it`;
    return `all but ${what}${more}`;
  };

  const diskAt = (data: PageData, run: number, personality: number, at: number): PageDisk | undefined =>
    data.disks.find((disk) => disk.run === run && disk.personality === personality && disk.at === at);

  const hexRows = (head: string): HexRow[] => {
    const rows: HexRow[] = [];
    for (let at = 0; at < head.length; at += 32) {
      const pairs = head.slice(at, at + 32).match(/../g) ?? [];
      const text = pairs.map((pair) => {
        const code = Number.parseInt(pair, 16);
        return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : "·";
      });
      rows.push({ offset: at / 2, hex: pairs.join(" "), text: text.join("") });
    }
    return rows;
  };

  return { isEffect, laneOf, lanesOf, fateOf, recordText, callOf, momentText, stateText, diskAt, hexRows };
}
