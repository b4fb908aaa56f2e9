import type { CommittedResults, CommittedRow } from "./committed-results.js";
import { barText, ratioOfWhat, timesText, valueText } from "./markdown-table.js";
import { runLine } from "./report.js";
import { isMet, type Figure } from "./row.js";
import type { RunStamp } from "./run-document.js";

/**
 * Tables of READMEs that committed results are shown in. A README says where and which rows:
 *
 * ```
 * <!-- bench:wal append/* durable/blocking -->
 * ... generated ...
 * <!-- /bench -->
 * ```
 *
 * Rows are named by id; a `*` at the end stands for all that begin so, in the order of the suite. The names may go over several lines. A single ratio,
 * anywhere on a line, stands between `<!-- ratio:wal durable/blocking -->` and `<!-- /ratio -->`, and how many bars of a suite are missed between
 * `<!-- missed:wal -->` and `<!-- /missed -->`.
 */

/** What a README gets. */
export interface WrittenReadme {
  /** The whole README with its tables generated; as it was where there is a complaint. */
  readonly text: string;
  /** What is wrong with its markers, a sentence each. */
  readonly complaints: readonly string[];
}

const block = /<!-- bench:([a-z-]+)((?:\s+[^\s>]+)*?)\s*-->\n([\s\S]*?)(<!-- \/bench -->|(?=<!-- bench:)|$)/g;

const figure = /<!-- ratio:([a-z-]+) ([^\s>]+) -->([^<]*)(<!-- \/ratio -->|)/g;

const count = /<!-- missed:([a-z-]+) -->([^<]*)(<!-- \/missed -->|)/g;

/** Generates everything between markers. */
export function writeReadmeTables(text: string, results: ReadonlyMap<string, CommittedResults>): WrittenReadme {
  const complaints: string[] = [];
  const said = new Set<string>();
  /** The results that a marker is about; whatever is written with a complaint is thrown away. */
  const resultsOf = (marker: string, suite: string, end: string): CommittedResults | undefined => {
    const found = results.get(suite);
    if (end === "") complaints.push(`${marker} has no end behind it`);
    else if (found === undefined) complaints.push(`${marker} names a suite without committed results`);
    return found;
  };
  const unknown = (marker: string, suite: string, names: readonly string[]): void => {
    complaints.push(...names.map((name) => `${marker} names the row ${name}, which ${suite} does not have`));
  };
  const withTables = text.replace(block, (whole: string, suite: string, names: string, _: string, end: string) => {
    const marker = `<!-- bench:${suite} -->`;
    const committed = resultsOf(marker, suite, end);
    if (committed === undefined) return whole;
    const chosen = rowsNamed(
      committed,
      names.split(/\s+/).filter((name) => name !== ""),
    );
    unknown(marker, suite, chosen.unknown);
    const begin = whole.slice(0, whole.indexOf("-->") + 3);
    return `${begin}\n${readmeTable(chosen.rows, committed.runs, said)}\n${end}`;
  });
  const written = withTables.replace(figure, (whole: string, suite: string, name: string, _: string, end: string) => {
    const marker = `<!-- ratio:${suite} ${name} -->`;
    const committed = resultsOf(marker, suite, end);
    if (committed === undefined) return whole;
    const row = committed.rows.find(({ id, ratio }) => id === name && ratio !== undefined);
    if (row === undefined) unknown(marker, suite, [name]);
    return row === undefined ? whole : `${marker}${ratioAlone(row)}${end}`;
  });
  const counted = written.replace(count, (whole: string, suite: string, _: string, end: string) => {
    const marker = `<!-- missed:${suite} -->`;
    const committed = resultsOf(marker, suite, end);
    return committed === undefined ? whole : `${marker}${missedText(committed)}${end}`;
  });
  return { text: complaints.length === 0 ? counted : text, complaints };
}

function missedText({ rows }: CommittedResults): string {
  const judged = rows.map(isMet).filter((met) => met !== undefined);
  return `${judged.filter((met) => !met).length} of ${judged.length} bars missed`;
}

/** In bold where the peer is ahead, or the bar is missed. */
function ratioAlone(row: CommittedRow): string {
  const { ratio, ours } = row;
  if (ratio === undefined) return "";
  const text = timesText(ratio.value) + ratioOfWhat(ratio, ours);
  const isBehind = ratio.of === "speed" ? ratio.value < 1 : ratio.value > 1;
  return isBehind || isMet(row) === false ? `**${text}**` : text;
}

interface Chosen {
  readonly rows: readonly CommittedRow[];
  readonly unknown: readonly string[];
}

function rowsNamed({ rows }: CommittedResults, names: readonly string[]): Chosen {
  const found = names.map((name) => {
    const isNamed = name.endsWith("*")
      ? ({ id }: CommittedRow): boolean => id.startsWith(name.slice(0, -1))
      : ({ id }: CommittedRow): boolean => id === name;
    return [name, rows.filter(isNamed)] as const;
  });
  const unknown = found.flatMap(([name, matching]) => (matching.length === 0 ? [name] : []));
  return { rows: [...new Set(found.flatMap(([, matching]) => matching))], unknown };
}

interface Column {
  readonly title: string;
  readonly cell: (row: CommittedRow) => string;
}

/** A column that no row has anything in is left out. */
const columns: readonly Column[] = [
  { title: "what", cell: ({ workload }) => workload },
  { title: "ours", cell: ({ ours }) => valueText(ours.value, ours.unit) },
  { title: "peer", cell: ({ peer }) => (peer === undefined ? "" : peerText(peer)) },
  {
    title: "ratio",
    cell: ({ ratio, ours }) => (ratio === undefined ? "" : timesText(ratio.value) + ratioOfWhat(ratio, ours)),
  },
  { title: "of CPU time", cell: ({ ratio }) => (ratio?.cpu === undefined ? "" : timesText(ratio.cpu)) },
  { title: "bar", cell: barCell },
];

/** @param said - lines about runs that stand in this README already; a table leaves them out, and adds its own. */
function readmeTable(rows: readonly CommittedRow[], runs: readonly RunStamp[], said: Set<string>): string {
  const used = [...new Set(rows.map(({ run }) => run))].sort((a, b) => a - b);
  const [main] = used;
  const mark = ({ run }: CommittedRow): string => (run === main ? "" : ` [${used.indexOf(run)}]`);
  const shown = columns.filter(({ cell }) => rows.some((row) => cell(row) !== ""));
  const line = (cells: readonly string[]): string =>
    `|${cells.map((cell) => (cell === "" ? " " : ` ${cell} `)).join("|")}|`;
  const body = rows.map((row) => line(shown.map(({ cell }, column) => `${cell(row)}${column === 0 ? mark(row) : ""}`)));
  const head = [line(shown.map(({ title }) => title)), `|${shown.map(() => "---").join("|")}|`];
  const about = used.map((run, index) => aboutRun(runs[run], index)).filter((text) => !said.has(text));
  for (const text of about) said.add(text);
  return [...head, ...body, ...(about.length === 0 ? [] : ["", ...about])].join("\n");
}

function peerText({ name, unit, value }: Figure): string {
  return `${name} ${valueText(value, unit)}`.trim();
}

function barCell(row: CommittedRow): string {
  const text = barText(row) ?? "";
  return isMet(row) === false ? `**${text}: missed**` : text;
}

/** @param index - number of the mark that rows of this run have; 0 for the run of those without one. */
function aboutRun(run: RunStamp | undefined, index: number): string {
  if (run === undefined) return "";
  return index === 0 ? runLine(run) : `[${index}] ${runLine(run)}`;
}

/** Complaints about a README: its markers, or that its tables are not what the committed results give. */
export function readmeComplaints(name: string, text: string, results: ReadonlyMap<string, CommittedResults>): string[] {
  const { text: written, complaints } = writeReadmeTables(text, results);
  if (complaints.length > 0) return complaints.map((complaint) => `${name}: ${complaint}`);
  return written === text ? [] : [`${name}: its tables are stale; write them with: npm run bench -- --write-readmes`];
}
