import { expect, test } from "vitest";
import { htmlReport } from "../../src/index.js";
import { naiveSave, reportOf } from "./naive-save.js";

/** What the page says of the value that recovery made of the failing disk. */
function recoveredOn(page: string): string {
  return /<p class="card note recovered">(.*?)<\/p>/.exec(page)?.[1] ?? "";
}

test("the page shows what recovery returned on the disk of the failure", async () => {
  const report = await reportOf(naiveSave);
  expect(report.failures[0]?.recovered).toEqual([0]);
  expect(recoveredOn(htmlReport(report))).toBe("Recovered: <code>0</code>");
});

test("also when it comes by a promise, as text, whatever is in it", async () => {
  const report = await reportOf<{ tag: string }>({
    ...naiveSave,
    recover: async (directory) => ({ tag: `<b>${directory.readFile("doc").length}` }),
    check: ({ tag }) => tag === "<b>3",
  });
  expect(recoveredOn(htmlReport(report))).toBe("Recovered: <code>{ tag: &#39;&lt;b&gt;0&#39; }</code>");
});

test("bytes are told by their number and their beginning", async () => {
  const report = await reportOf<Uint8Array>({
    ...naiveSave,
    setup: (directory) => directory.writeFile("doc", new Uint8Array(100).fill(171)),
    recover: (directory) => directory.readFile("doc"),
    check: (bytes) => bytes.length < 100,
  });
  expect(recoveredOn(htmlReport(report))).toBe(`Recovered: <code>100 bytes: ${"ab ".repeat(64)}...</code>`);
});

test("a recovery that throws has returned nothing", async () => {
  const report = await reportOf<number>({
    ...naiveSave,
    recover: (directory) => {
      if (directory.readFile("doc").length === 0) throw new Error("damaged");
      return 3;
    },
  });
  expect(report.failures[0]).not.toHaveProperty("recovered");
  expect(recoveredOn(htmlReport(report))).toBe("Recovery returned nothing: it threw.");
});
