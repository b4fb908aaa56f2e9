/// <reference lib="dom" />
import type { PageElements } from "./page-elements.js";
import type { Lane, PageModel } from "./page-model.js";
import type { JsonRecord, JsonRun } from "./report-format.js";

/** What a run did, from left to right, and where in it the power fails. */
export interface PageTimeline {
  /** Draws the lanes of a run, and each record as what `symbolFor` makes of it and of the place. */
  readonly drawLanes: (
    lanes: HTMLElement,
    run: JsonRun,
    symbolFor: (record: JsonRecord, x: number, y: number) => SVGElement,
  ) => void;
  /** Covers, of the lanes that were drawn last, what comes after the crash before record `at`, and brings that into sight. */
  readonly drawCrash: (lanes: HTMLElement, run: JsonRun, at: number) => void;
}

/** The page carries the source of this function: nothing in it may refer to anything outside but what browsers have. */
export function pageTimeline(model: PageModel, { element, shape }: PageElements): PageTimeline {
  const columnWidth = 40;
  const rowHeight = 46;
  const headHeight = 44;
  let cover: SVGElement = shape("g", {});

  const drawLanes: PageTimeline["drawLanes"] = (lanes, run, symbolFor) => {
    const lines: Lane[] = model.lanesOf(run);
    const rowOf = new Map(lines.map(({ inode }, index) => [inode, index + 1]));
    const first = run.records[0]?.record ?? 0;
    const width = Math.max(1, run.records.length) * columnWidth + 24;
    const height = headHeight + (lines.length + 1) * rowHeight;
    const svg = shape("svg", {
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: "group",
      "aria-label": "timeline",
    });

    const labels = element("div", { class: "labels" });
    const label = (title: string, small: string, tall: number): void => {
      const box = element(
        "div",
        { title: small === "" ? title : `${title} (${small})` },
        element("b", {}, tailOf(title)),
      );
      if (small !== "") box.append(element("small", {}, small));
      box.style.height = `${tall}px`;
      labels.append(box);
    };
    const tailOf = (path: string): string => (path.length <= 28 ? path : `…${path.slice(-27)}`);
    label("calls", "", headHeight);
    label("program", "what it acknowledges", rowHeight);
    for (const { title, alias, kind, inode } of lines) {
      label(title, alias === "" ? `${kind} ${inode}` : `${kind} ${inode}, also ${alias}`, rowHeight);
    }
    for (let row = 0; row <= lines.length; row += 1) {
      const y = headHeight + row * rowHeight;
      svg.append(shape("line", { class: "lane-line", x1: 0, x2: width, y1: y, y2: y }));
      svg.append(shape("text", { class: "lane-name", x: width, y: y + 27 }, lines[row - 1]?.title ?? "program"));
    }
    drawCalls(run, svg, first);
    for (const record of run.records) {
      if (record.kind === "size" && record.from === record.to) continue; // stated again, which changes nothing
      const x = (record.record - first + 0.5) * columnWidth;
      const row = rowOf.get(model.laneOf(record) ?? -1) ?? 0;
      const y = headHeight + row * rowHeight + rowHeight / 2;
      if (record.kind === "barrier") {
        const of = `barrier-line ${record.outcome}`;
        svg.append(shape("line", { class: of, x1: x, x2: x, y1: headHeight, y2: height }));
      }
      svg.append(symbolFor(record, x, y));
    }
    cover = shape("g", { "aria-hidden": "true" });
    svg.append(cover);
    lanes.replaceChildren(labels, svg);
  };

  /** A bar over the records of each call, with its name. */
  function drawCalls(run: JsonRun, svg: SVGElement, first: number): void {
    for (let from = 0; from < run.records.length;) {
      const call = run.records[from]?.call;
      const other =
        call === undefined ? from + 1 : run.records.findIndex((each, at) => at > from && each.call !== call);
      const end = other === -1 ? run.records.length : other;
      const operation = call === undefined ? undefined : run.calls[call]?.operation;
      const number = (run.records[from]?.record ?? 0) - first;
      const x = number * columnWidth + 2;
      const wide = (end - from) * columnWidth - 4;
      svg.append(
        shape("text", { x: x + wide / 2, y: 13, "text-anchor": "middle" }, String(run.records[from]?.record ?? "")),
      );
      if (operation !== undefined) {
        const room = Math.max(3, Math.floor(wide / 6.2));
        const name = operation.length <= room ? operation : `${operation.slice(0, room - 1)}…`;
        svg.append(shape("rect", { class: "call", x, y: 19, width: wide, height: 19, rx: 4 }));
        svg.append(shape("text", { class: "call-name", x: x + wide / 2, y: 32, "text-anchor": "middle" }, name));
      }
      from = end;
    }
  }

  const drawCrash: PageTimeline["drawCrash"] = (lanes, run, at) => {
    const x = (at - (run.records[0]?.record ?? 0)) * columnWidth + 1;
    const height = headHeight + (model.lanesOf(run).length + 1) * rowHeight;
    const wide = Math.max(0, run.records.length * columnWidth + 24 - x);
    cover.replaceChildren(
      shape("rect", { class: "after", x, y: headHeight, width: wide, height: height - headHeight }),
      shape("line", { class: "crash", x1: x, x2: x, y1: 14, y2: height }),
      shape("path", { class: "bolt", d: `M${x + 3} 0 L${x - 6} 10 H${x} L${x - 3} 18 L${x + 7} 7 H${x + 1} Z` }),
    );
    const room = lanes.clientWidth - (lanes.firstElementChild?.clientWidth ?? 0) - columnWidth;
    if (x < lanes.scrollLeft || x > lanes.scrollLeft + room) lanes.scrollLeft = x - room / 2;
  };

  return { drawLanes, drawCrash };
}
