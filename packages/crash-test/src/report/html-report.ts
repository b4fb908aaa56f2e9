import { createHash } from "node:crypto";
import { inspect } from "node:util";
import type { CrashFailure, CrashMatrixReport } from "../crash-matrix-report.js";
import { jsonReport } from "./json-report.js";
import { pageClient } from "./page-client.js";
import { pageData, type PageBudget, type PageData } from "./page-data.js";
import { pageDisk } from "./page-disk.js";
import { pageElements } from "./page-elements.js";
import { pageModel } from "./page-model.js";
import { pageStyle } from "./page-style.js";
import { pageSymbols } from "./page-symbols.js";
import { pageTimeline } from "./page-timeline.js";
import type { JsonReport } from "./report-format.js";
import { checkCounts, requireReport } from "./report-options.js";

/** How large the page may be. */
export interface HtmlReportOptions {
  /** Bytes of the page at most; less is shown until it fits. At least 131,072. Default 300,000. */
  readonly maxBytes?: number;
}

/** Characters of a recovered value that a page shows. */
const mostRecovered = 2000;
const inspectOptions = { depth: 4, maxArrayLength: 50, maxStringLength: 1000, getters: false, customInspect: false };
const smallestPage = 131_072;
/** Below this share of {@link roomiest} every part of the budget is at its least. */
const leastShare = 1 / 512;
const roomiest: PageBudget = { maxFailures: 5, maxRecords: 600, maxStates: 1200, maxEntries: 40, maxHeadBytes: 96 };

/**
 * A report as one self-contained page: open it from a file, without a network. It shows what each call did, which of it
 * was durable when, and what a power loss at each moment may leave, under each personality of the run. What does not fit
 * into `maxBytes` is left out, and the page says so. Takes what `crashMatrix` resolved with, or the `report` of the error
 * it rejected with.
 *
 * @throws {@link CrashTestError} `CRASH_TEST_INVALID_OPTION` for anything else, and for options that are unknown or too small.
 */
export function htmlReport(report: CrashMatrixReport, options: HtmlReportOptions = {}): string {
  requireReport("htmlReport", report);
  checkCounts(options, { maxBytes: smallestPage }, smallestPage);
  const { maxBytes = 300_000 } = options;
  for (let share = 1; ;) {
    const budget = scaled(share);
    const { maxRecords, maxFailures } = budget;
    const json = jsonReport(report, { maxRecords, maxFailures });
    const page = pageOf(report, json, pageData(report, json, budget));
    const excess = Buffer.byteLength(page) / maxBytes;
    if (excess <= 1 || share < leastShare) return page;
    share /= Math.max(1.5, excess);
  }
}

function scaled(share: number): PageBudget {
  const of = (count: number, least: number): number => Math.max(least, Math.floor(count * share));
  return {
    maxFailures: of(roomiest.maxFailures, 1),
    maxRecords: of(roomiest.maxRecords, 8),
    maxStates: of(roomiest.maxStates, 4),
    maxEntries: of(roomiest.maxEntries, 4),
    maxHeadBytes: of(roomiest.maxHeadBytes, 16),
  };
}

function pageOf({ failures: found }: CrashMatrixReport, report: JsonReport, data: PageData): string {
  const client = clientText();
  // Nothing may be fetched, and only these two pieces of text may act; the policy names them by their hashes.
  const policy = [
    "default-src 'none'",
    `style-src '${hashOf(pageStyle)}'`,
    `script-src '${hashOf(client)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const failures = report.failures
    .map(({ text }, index) => `<pre class="failure-text">${escaped(text)}</pre>${recoveredHtml(found[index])}`)
    .join("\n");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(`${report.name}: ${report.outcome}`)}</title>
<style>${pageStyle}</style>
</head>
<body>
<header class="masthead">
<p class="verdict ${report.outcome}">${report.outcome}</p>
<div><h1>${escaped(report.name)}</h1>
<p class="counts">${countsText(report)}</p></div>
</header>
<main id="report">
${failures}
<noscript><p class="note">The timeline needs scripts. Everything above is complete without them.</p></noscript>
</main>
<script type="application/json" id="data">${inScript(JSON.stringify(data))}</script>
<script>${client}</script>
</body>
</html>
`;
}

/** What the program made of the disk, beside the disk itself. */
function recoveredHtml(failure: CrashFailure | undefined): string {
  if (failure?.recovered === undefined) {
    return '<p class="card note recovered">Recovery returned nothing: it threw.</p>';
  }
  const [value] = failure.recovered;
  const text = value instanceof Uint8Array ? bytesText(value) : inspect(value, inspectOptions);
  const shown = text.length <= mostRecovered ? text : `${text.slice(0, mostRecovered)}...`;
  return `<p class="card note recovered">Recovered: <code>${escaped(shown)}</code></p>`;
}

function bytesText(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.subarray(0, 64))
    .toString("hex")
    .replaceAll(/(..)(?=.)/g, "$1 ");
  return `${bytes.length.toLocaleString("en")} bytes${bytes.length === 0 ? "" : `: ${head}${bytes.length > 64 ? " ..." : ""}`}`;
}

/** The source of the functions that run in the page, each given what it needs of the others. */
function clientText(): string {
  return `(() => {
const model = (${pageModel.toString()})();
const elements = (${pageElements.toString()})();
const symbols = (${pageSymbols.toString()})(model, elements);
const timeline = (${pageTimeline.toString()})(model, elements);
(${pageClient.toString()})(model, elements, symbols, timeline, (${pageDisk.toString()})(model, elements));
})();`;
}

function countsText({ counts: { distinct, recoveries }, personalities, level, stopped }: JsonReport): string {
  const plural = (count: number, one: string, many: string): string =>
    `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
  return [
    plural(recoveries, "recovery", "recoveries"),
    plural(distinct, "distinct crash", "distinct crashes"),
    plural(personalities.length, "personality", "personalities"),
    stopped === "failure" ? "ended by the failure" : `level ${level} at every moment`,
  ].join(" · ");
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

/** Text that comes from the program under test, as HTML. */
function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** JSON that cannot end the element it stands in, nor open a comment. */
function inScript(json: string): string {
  return json.replaceAll("<", "\\u003c").replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}
