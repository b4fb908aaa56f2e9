/// <reference lib="dom" />
import type { PageData, PageDisk, PageState } from "./page-data.js";
import type { DrawDisk } from "./page-disk.js";
import type { PageElements } from "./page-elements.js";
import type { PageModel } from "./page-model.js";
import type { PageSymbols } from "./page-symbols.js";
import type { PageTimeline } from "./page-timeline.js";
import type { JsonRecord, JsonRun } from "./report-format.js";

/**
 * Builds the page in the browser and keeps it in step with its controls. The page carries the source of this function, so
 * nothing in it may refer to anything outside of it but types and what every browser has. Text of the program under test
 * becomes text nodes and attributes only, never markup.
 */
export function pageClient(
  model: PageModel,
  { element, shape }: PageElements,
  { fateText, glyph, fill }: PageSymbols,
  timeline: PageTimeline,
  drawDisk: DrawDisk,
): void {
  const data = JSON.parse(document.getElementById("data")?.textContent ?? "{}") as PageData; // written by htmlReport
  const { report, tables } = data;
  const main = document.getElementById("report") as HTMLElement; // part of the page
  const shown = { run: 0, personality: 0, at: 0, state: 0, picked: -1 };

  const runOf = (): JsonRun => report.runs[shown.run] as JsonRun; // there is at least the workload
  const diskOf = (): PageDisk | undefined => model.diskAt(data, shown.run, shown.personality, shown.at);
  const stateOf = (): PageState | undefined => diskOf()?.states[shown.state];

  // --- controls -------------------------------------------------------------------------------------------------------

  const slider = element("input", {
    type: "range",
    min: "0",
    step: "1",
    id: "moment",
    "aria-describedby": "moment-text",
  });
  const moment = element("output", { class: "moment", id: "moment-text", for: "moment" });
  const survivors = element("select", { id: "survivors" });
  const personalityCounts: HTMLElement[] = [];
  const earlier = element("button", { type: "button", "aria-label": "earlier crash point" }, "◀");
  const later = element("button", { type: "button", "aria-label": "later crash point" }, "▶");
  const lanes = element("div", { class: "lanes" });
  const detail = element("div", { "aria-live": "polite", id: "detail" });
  const disk = element("div", { id: "disk" });

  function radios(
    title: string,
    name: string,
    labels: readonly string[],
    chosen: (index: number) => void,
  ): HTMLElement {
    const set = element("fieldset", { id: name }, element("legend", {}, title));
    labels.forEach((label, index) => {
      const input = element("input", { type: "radio", name, value: String(index) });
      input.checked = index === 0;
      input.addEventListener("change", () => chosen(index));
      const count = element("small");
      if (name === "personality") personalityCounts.push(count);
      set.append(element("label", { class: "pick" }, input, element("span", {}, label, count)));
    });
    return set;
  }

  function movePoint(by: number): void {
    slider.value = String(Number(slider.value) + by);
    goTo(Number(slider.value));
  }

  function goTo(index: number): void {
    shown.at = runOf().crashPoints[index] ?? 0;
    shown.state = 0;
    draw();
  }

  function enterRun(index: number): void {
    shown.run = index;
    const { lost = null } = data.failures.find((each) => each.run === index) ?? {};
    shown.picked = lost ?? -1;
    const points = runOf().crashPoints;
    const failure = data.disks.find(
      (each) => each.run === index && each.states.some(({ kind }) => kind === "failure" || kind === "path"),
    );
    slider.max = String(points.length - 1);
    const start = failure === undefined ? points.length - 1 : points.indexOf(failure.at);
    slider.value = String(start);
    symbols.clear();
    timeline.drawLanes(lanes, runOf(), symbolFor);
    goTo(start);
  }

  // --- timeline -------------------------------------------------------------------------------------------------------

  const symbols = new Map<number, SVGElement>();

  function symbolFor(record: JsonRecord, x: number, y: number): SVGElement {
    const group = shape("g", {
      class: "symbol",
      transform: `translate(${x} ${y})`,
      tabindex: -1,
      role: "button",
      "data-record": record.record,
    });
    group.addEventListener("click", () => pick(record, true));
    group.addEventListener("focus", () => pick(record, false));
    group.addEventListener("pointerenter", () => describe(record));
    group.addEventListener("pointerleave", () => describePicked());
    symbols.set(record.record, group);
    return group;
  }

  /** Only marks the picked symbol: replacing it between press and release of a button would swallow the click. */
  function showPicked(): void {
    const focusable = symbols.get(shown.picked) ?? symbols.get(runOf().records[0]?.record ?? -1);
    for (const [record, group] of symbols) {
      group.setAttribute("tabindex", group === focusable ? "0" : "-1");
      group.classList.toggle("picked", record === shown.picked);
    }
  }

  function drawSymbols(): void {
    const run = runOf();
    for (const record of run.records) {
      const group = symbols.get(record.record);
      if (group === undefined) continue;
      const fate = model.isEffect(record) ? model.fateOf(record, shown.personality, shown.at, stateOf()) : "future";
      fill(group, run, record, fate);
    }
    showPicked();
    timeline.drawCrash(lanes, run, shown.at);
  }

  // --- what is said of one record ---------------------------------------------------------------------------------------

  function pick(record: JsonRecord, toggles: boolean): void {
    shown.picked = record.record;
    if (toggles && model.isEffect(record)) {
      const states = diskOf()?.states ?? [];
      const without = states.findIndex(({ kind, lost }) => kind === "without" && lost[0] === record.record);
      const all = states.findIndex(({ kind }) => kind === "all");
      if (without !== -1) shown.state = shown.state === without ? all : without;
      draw();
    } else showPicked();
    describe(record);
  }

  function describePicked(): void {
    const record = runOf().records.find((each) => each.record === shown.picked);
    if (record === undefined) {
      detail.replaceChildren(
        element(
          "p",
          { class: "note" },
          "Point at a symbol, or reach the timeline with Tab and move with ← and →. Enter loses or gives back a pending effect.",
        ),
      );
    } else describe(record);
  }

  function describe(record: JsonRecord): void {
    const run = runOf();
    const list = element("dl");
    const line = (term: string, text: string, style = ""): void => {
      list.append(element("dt", {}, term), element("dd", { class: style }, text));
    };
    const call = record.call === undefined ? undefined : run.calls[record.call];
    if (call !== undefined) {
      const to = call.destination === undefined ? "" : ` → ${call.destination}`;
      line("call", `${call.operation}(${call.path}${to})`, "code");
      line("site", call.site ?? "not recorded", "code");
    }
    if (model.isEffect(record)) {
      line("here", fateText[model.fateOf(record, shown.personality, shown.at, stateOf())]);
      report.personalities.forEach(({ name }, index) => {
        const at = record.durableAt[index] ?? null;
        line(
          name,
          record.gone !== undefined
            ? "never durable"
            : at === null
              ? "pending to the end"
              : `durable from record ${at} on`,
        );
      });
    }
    const title = element("p", { class: "headline" }, `#${record.record} ${model.recordText(run, record)}`);
    detail.replaceChildren(title, list);
  }

  // --- everything at once -----------------------------------------------------------------------------------------------

  function draw(): void {
    const run = runOf();
    const at = run.crashPoints.indexOf(shown.at);
    earlier.disabled = at <= 0;
    later.disabled = at >= run.crashPoints.length - 1;
    moment.textContent = `before record ${shown.at}: ${model.momentText(run, shown.at)}`;
    slider.setAttribute("aria-valuetext", moment.textContent);
    const states = diskOf()?.states ?? [];
    survivors.replaceChildren(...states.map((state, index) => new Option(model.stateText(run, state), String(index))));
    survivors.disabled = states.length === 0;
    survivors.value = String(shown.state);
    report.personalities.forEach((_, index) => {
      const fates = run.records
        .filter(model.isEffect)
        .map((effect) => model.fateOf(effect, index, shown.at, undefined));
      const count = personalityCounts[index];
      if (count !== undefined) count.textContent = `${fates.filter((fate) => fate === "kept").length} pending`;
    });
    drawSymbols();
    drawDisk(disk, tables, diskOf(), stateOf());
    describePicked();
  }

  /** A test that makes the crash of a failure again, to be copied. */
  function testCase(replay: string): HTMLElement {
    const title = JSON.stringify(`${report.name}: replays a power loss`);
    const code = `test(${title}, () => crashMatrix({ ...program, replay: ${JSON.stringify(replay)} }));`;
    const block = element("pre", { class: "case" }, code);
    const copy = element("button", { type: "button" }, "Copy");
    copy.addEventListener("click", () => {
      // Where a page from a file may not write to the clipboard, the text is selected for the keyboard to copy.
      const select = (): void => {
        getSelection()?.selectAllChildren(block);
        copy.textContent = "Selected";
      };
      const copied = (): void => {
        copy.textContent = "Copied";
      };
      if ("clipboard" in navigator) navigator.clipboard.writeText(code).then(copied, select);
      else select();
    });
    return element(
      "details",
      { class: "card" },
      element("summary", {}, "As a test case, for this run of this program"),
      block,
      copy,
    );
  }

  function build(): void {
    main.querySelectorAll(".failure-text").forEach((text, index) => {
      const replay = data.failures[index]?.replay ?? null;
      if (replay !== null) text.after(testCase(replay));
    });
    const controls = element("section", { class: "card controls", "aria-label": "which crash" });
    if (report.runs.length > 1) {
      const names = report.runs.map(({ depth }) => (depth === 0 ? "workload" : `recovery ${depth}`));
      controls.append(radios("Run", "run", names, enterRun));
    }
    controls.append(
      radios(
        "Judged by",
        "personality",
        report.personalities.map(({ name }) => name),
        (index) => {
          shown.personality = index;
          shown.state = 0;
          draw();
        },
      ),
      element(
        "div",
        { class: "row" },
        element("label", { class: "name", for: "moment" }, "Power fails"),
        earlier,
        slider,
        later,
        moment,
      ),
      element(
        "div",
        { class: "row" },
        element("label", { class: "name", for: "survivors" }, "On this disk"),
        survivors,
      ),
    );
    slider.addEventListener("input", () => goTo(Number(slider.value)));
    earlier.addEventListener("click", () => movePoint(-1));
    later.addEventListener("click", () => movePoint(1));
    survivors.addEventListener("change", () => {
      shown.state = Number(survivors.value);
      draw();
    });
    lanes.addEventListener("keydown", (event) => {
      const keys = [...symbols.keys()];
      const at = keys.indexOf(shown.picked);
      const moves: Readonly<Record<string, number>> = {
        ArrowRight: at + 1,
        ArrowLeft: at - 1,
        Home: 0,
        End: keys.length - 1,
      };
      const to = moves[event.key];
      if (event.key === "Enter" || event.key === " ") {
        const record = runOf().records.find((each) => each.record === shown.picked);
        if (record !== undefined) pick(record, true);
      } else if (to === undefined || keys[to] === undefined) return;
      else (symbols.get(keys[to]) as SVGElement).focus(); // a key of the same map
      event.preventDefault();
    });
    const legend = element("ul", { class: "legend" });
    for (const fate of ["durable", "kept", "torn", "lost", "gone", "future"] as const) {
      const icon = shape(
        "svg",
        { width: 22, height: 22, viewBox: "-11 -17 22 22", "aria-hidden": "true" },
        shape("g", { class: fate }, ...glyph(fate)),
      );
      legend.append(element("li", {}, icon, fateText[fate]));
    }
    main.append(
      controls,
      element(
        "section",
        { class: "card", "aria-label": "timeline" },
        element("h2", {}, "What each call did"),
        lanes,
        legend,
      ),
      element(
        "div",
        { class: "columns" },
        element("section", { class: "card" }, element("h2", {}, "Effect"), detail),
        element("section", { class: "card" }, element("h2", {}, "Disk after this crash"), disk),
      ),
    );
    if (report.truncated.length > 0) {
      const parts = report.truncated.map(({ what, kept, total }) => `${kept} of ${total} ${what}`);
      main.append(
        element("p", { class: "card note", id: "truncated" }, `Shortened to keep the page small: ${parts.join(", ")}.`),
      );
    }
    const failure = data.failures[0];
    const judge = failure?.personality ?? 0;
    if (judge > 0) {
      shown.personality = judge;
      const input = main.querySelector<HTMLInputElement>(`#personality input[value="${judge}"]`);
      if (input !== null) input.checked = true;
    }
    const run = failure?.run ?? 0;
    const input = main.querySelector<HTMLInputElement>(`#run input[value="${run}"]`);
    if (input !== null) input.checked = true;
    enterRun(run);
  }
  build();
}
