/// <reference lib="dom" />
import type { DiskTables, DiskTree } from "./disk-state.js";
import type { PageDisk, PageState } from "./page-data.js";
import type { Content, PageElements } from "./page-elements.js";
import type { PageModel } from "./page-model.js";

/** Lists one disk, and what it has otherwise than if everything survived. */
export type DrawDisk = (
  disk: HTMLElement,
  tables: DiskTables,
  at: PageDisk | undefined,
  state: PageState | undefined,
) => void;

/** The page carries the source of this function: nothing in it may refer to anything outside but what browsers have. */
export function pageDisk(model: PageModel, { element }: PageElements): DrawDisk {
  const noteText: Readonly<Record<string, string>> = {
    missing: "missing: there if everything survives",
    extra: "not there if everything survives",
    differs: "differs from when everything survives",
  };

  function fileRow(tables: DiskTables, path: string, content: number | null, note: string): HTMLElement {
    const marks: Content[] = note === "" ? [] : [element("span", { class: `mark ${note}` }, noteText[note] ?? note)];
    const file = content === null ? undefined : tables.contents[content];
    const size = element("td", { class: "number" }, file === undefined ? "" : file.size.toLocaleString("en"));
    const cell = element("td", {}, ...marks);
    if (file !== undefined) {
      if (file.zerosFrom !== undefined) {
        const from = file.zerosFrom === 0 ? "nothing but NULs" : `NULs from byte ${file.zerosFrom} to the end`;
        cell.append(element("span", { class: "mark zeros" }, from));
      }
      const dump = element("pre");
      const rows = model.hexRows(file.head).slice(0, 4);
      const hexWidth = rows[0]?.hex.length ?? 0;
      for (const { offset, hex, text } of rows) {
        const padded = hex.padEnd(hexWidth);
        dump.append(
          element("i", {}, `${offset.toString(16).padStart(4, "0")}  `),
          `${padded}  `,
          element("i", {}, text),
          "\n",
        );
      }
      const cut = Math.min(64, file.head.length / 2);
      if (file.size > cut) dump.append(element("i", {}, `the first ${cut} of ${file.size.toLocaleString("en")} bytes`));
      if (file.size > 0) cell.append(dump);
      else cell.append(element("span", { class: "note" }, "empty"));
    }
    return element("tr", { class: note }, element("td", {}, element("code", {}, path)), size, cell);
  }

  return (disk, tables, at, state) => {
    if (state === undefined) {
      disk.replaceChildren(element("p", { class: "note" }, "This disk was left out to keep the page small."));
      return;
    }
    const tree = tables.trees[state.tree] as DiskTree; // made together
    const whole = at?.states.find(({ kind }) => kind === "all");
    const reference = whole === undefined || whole === state ? tree : (tables.trees[whole.tree] as DiskTree);
    const here = new Map(tree.entries);
    const there = new Map(reference.entries);
    const sorted = [...new Set([...here.keys(), ...there.keys()])].map((index) => ({
      index,
      path: tables.paths[index] ?? "",
    }));
    sorted.sort((a, b) => (a.path < b.path ? -1 : 1));
    const rows = sorted.map(({ index, path }) => {
      const [mine, other] = [here.get(index), there.get(index)];
      const note = !here.has(index) ? "missing" : !there.has(index) ? "extra" : mine === other ? "" : "differs";
      return fileRow(tables, path, mine ?? null, note);
    });
    if (rows.length === 0) {
      rows.push(element("tr", {}, element("td", { colspan: "3", class: "note" }, "an empty directory")));
    }
    const head = element("tr", {}, element("th", {}, "path"), element("th", {}, "bytes"), element("th", {}, "content"));
    const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
    const more = tree.more > 0 ? [element("p", { class: "note" }, `${tree.more} more entries are not shown.`)] : [];
    disk.replaceChildren(table, ...more);
  };
}
