/// <reference lib="dom" />
import type { PageElements } from "./page-elements.js";
import type { Fate, PageModel } from "./page-model.js";
import type { JsonRecord, JsonRun } from "./report-format.js";

/** What stands for one record on the timeline. */
export interface PageSymbols {
  /** A fate in words. */
  readonly fateText: Readonly<Record<Fate, string>>;
  /** A fate as a shape: each differs from the others without its colour. */
  readonly glyph: (fate: Fate) => SVGElement[];
  /** Draws a record into its group, and says in words what it is. `fate` matters for effects only. */
  readonly fill: (group: SVGElement, run: JsonRun, record: JsonRecord, fate: Fate) => void;
}

/** The page carries the source of this function: nothing in it may refer to anything outside but what browsers have. */
export function pageSymbols(model: PageModel, { shape }: PageElements): PageSymbols {
  const kindText = { data: "bytes", size: "length", link: "+name", unlink: "−name" };

  const fill: PageSymbols["fill"] = (group, run, record, fate) => {
    const ring = shape("circle", { class: "ring", r: 15, cy: -6 });
    if (!model.isEffect(record)) {
      group.setAttribute("class", "symbol");
      if (record.kind === "barrier") {
        group.replaceChildren(
          ring,
          shape("path", { class: `diamond ${record.outcome}`, d: "M0 -15 L9 -6 L0 3 L-9 -6 Z" }),
          caption("sync"),
        );
      } else if (record.kind === "mark") {
        group.replaceChildren(
          ring,
          shape("path", { class: "flag", d: "M-7 4 V-16 H9 L4 -10.5 L9 -5 H-5 V4 Z" }),
          caption("ack"),
        );
      } else group.replaceChildren(ring, shape("circle", { class: "event", r: 5, cy: -6 }), caption("disk"));
      group.setAttribute("aria-label", `record ${record.record}: ${model.recordText(run, record)}`);
      return;
    }
    group.setAttribute("class", `symbol ${fate}`);
    group.setAttribute("aria-label", `record ${record.record}: ${model.recordText(run, record)}, ${fateText[fate]}`);
    group.replaceChildren(ring, ...glyph(fate), caption(kindText[record.kind]));
  };

  function caption(text: string): SVGElement {
    return shape("text", { y: 17, "text-anchor": "middle" }, text);
  }

  const fateText: PageSymbols["fateText"] = {
    durable: "durable: a barrier settled it",
    kept: "pending: survives on this disk, and need not",
    torn: "pending: survives in part on this disk",
    lost: "lost on this disk",
    gone: "gone: a failed barrier or the disk lost it",
    future: "not yet: the power fails before it",
  };

  function glyph(fate: Fate): SVGElement[] {
    const cross = shape("path", { class: "cross", d: "M-4.5 -10.5 L4.5 -1.5 M4.5 -10.5 L-4.5 -1.5" });
    const circle = shape("circle", { class: "shape", r: 9, cy: -6 });
    const half = shape("path", { class: "half", d: "M0 -15 A9 9 0 0 0 0 3 Z" });
    switch (fate) {
      case "durable":
        return [circle, shape("path", { class: "tick", d: "M-4 -6 L-1 -2.5 L4.5 -9.5" })];
      case "kept":
        return [circle, half];
      case "torn":
        return [circle, half, shape("path", { class: "cross", d: "M1.5 -9 L7 -3 M7 -9 L1.5 -3" })];
      case "lost":
        return [circle, cross];
      case "gone":
        return [shape("rect", { class: "shape", x: -8.5, y: -14.5, width: 17, height: 17 }), cross];
      case "future":
        return [shape("circle", { class: "shape", r: 5, cy: -6 })];
    }
  }

  return { fateText, glyph, fill };
}
