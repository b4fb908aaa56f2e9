// Goal: what counts as a detection. A bug counts when its own promise breaks; anything else that goes wrong does not.
import { expect, test } from "vitest";
import { defineProgram, type CorpusProgram } from "./bug-corpus/bug.js";
import { create } from "./bug-corpus/file-steps.js";
import { demand, demandVersion } from "./bug-corpus/promises.js";
import { readText } from "./protocols/content.js";
import { defineProtocol, demand as demandPlainly } from "./protocols/protocol.js";
import { complaints, grade } from "./grading/grade.js";
import { strategies } from "./grading/strategies.js";
import { mutantClass, subjectsOf } from "./grading/subjects.js";

type Id = "honest" | "mislabelled" | "clumsy" | "harmless";

const facts = { class: "torn write", origin: "made up for this test", does: "whatever its name says" } as const;

/** A document that only a synced write keeps. */
const program: CorpusProgram = defineProgram<string | undefined, Id>(
  "document",
  {
    honest: { ...facts, breaks: ["durable"] },
    mislabelled: { ...facts, breaks: ["once"] },
    clumsy: { ...facts, breaks: ["durable"] },
    harmless: { ...facts, breaks: ["durable"] },
  },
  (bug) => ({
    setup: (directory) => create(directory, "doc", "old", "synced"),
    workload(directory, run) {
      const skips = bug === "honest" || bug === "mislabelled";
      using handle = directory.open("doc", { mode: "write" });
      handle.writeAt(new TextEncoder().encode("new"), 0);
      if (!skips) handle.syncBlocking("data");
      run.ack("saved", 1);
    },
    recover(directory) {
      const text = readText(directory, "doc");
      if (bug === "clumsy" && text === "old") throw new TypeError("undefined is not a function");
      return text;
    },
    check: (text, context) => demandVersion(["old", "new"], text, context),
  }),
);

const protocol = defineProtocol<string | undefined, "unsynced">(
  "plain document",
  { unsynced: "acknowledges without a barrier" },
  (mutant) => ({
    setup: (directory) => create(directory, "doc", "old", "synced"),
    workload(directory, run) {
      using handle = directory.open("doc", { mode: "write" });
      handle.writeAt(new TextEncoder().encode("new"), 0);
      if (mutant === undefined) handle.syncBlocking("data");
      run.ack("saved");
    },
    recover: (directory) => readText(directory, "doc"),
    check: (text, { acked }) => demandPlainly(text === "new" || !acked("saved"), `the document reads ${text}`),
  }),
);

test("a bug counts when its own promise breaks, a mutant when its check does", async () => {
  const graded = await grade({
    subjects: subjectsOf([program], [protocol]),
    strategies: strategies.filter(({ name }) => name === "default"),
    budgets: [10_000],
    seed: 1,
    say: () => {},
  });
  expect(graded).toMatchObject({ bugs: 4, mutants: 1, correct: 2 });
  expect(graded.scores).toMatchObject([
    {
      bugs: 1,
      mutants: 1,
      alarms: [],
      missed: ["mislabelled", "clumsy", "harmless"],
      accidents: ["mislabelled", "clumsy"],
    },
  ]);
  expect(graded.classes).toEqual([
    { class: "torn write", of: 4, found: { default: 1 } },
    { class: mutantClass, of: 1, found: { default: 1 } },
  ]);
  expect(complaints(graded)).toHaveLength(3);
});

test("whatever is found in a correct program is a false alarm", async () => {
  const wrong = defineProgram<boolean, never>("wrong", {}, () => ({
    workload: (directory) => create(directory, "doc", "text", "unsynced"),
    recover: (directory) => directory.exists("doc"),
    check: (exists) => demand("durable", exists, "the document is gone"),
  }));
  const [subject] = subjectsOf([wrong], []);
  const finding = await subject?.search({});
  expect(finding).toMatchObject({ kind: "broken", promise: "durable" });
  expect(finding !== undefined && subject?.isDetection(finding)).toBe(true);
  expect(subject?.kind).toBe("correct");
});

test("the power may fail before each record that is no effect, and at the end", async () => {
  const subjects = subjectsOf([program], []);
  const pointsOf = (name: string): Promise<number> | undefined => subjects.find((each) => each.name === name)?.points();
  expect(await pointsOf("document")).toBe(3); // a barrier, an acknowledgement, the end
  expect(await pointsOf("honest")).toBe(2);
});
