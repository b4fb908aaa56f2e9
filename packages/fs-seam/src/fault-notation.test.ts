import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePlan, printRule } from "./fault-notation.js";
import { FaultPlan } from "./fault-plan.js";
import { applicableOperations } from "./fault-rule.js";
import type { FaultAction, FaultRule, FaultTrigger } from "./fault-rule.js";

describe("the notation", () => {
  test("the example of the design", () => {
    const text = "write:*.wal xxwxW EIO; sync:* n3 EIO; write:* short 50% seed 7; open:* EMFILE after 1000";
    expect(parsePlan(text)).toEqual({
      seed: undefined,
      rules: [
        {
          operations: ["write"],
          path: "*.wal",
          trigger: { kind: "sequence", letters: "xxwxW" },
          action: { kind: "error", errno: "EIO" },
        },
        { operations: ["sync"], path: "*", trigger: { kind: "nth", n: 3 }, action: { kind: "error", errno: "EIO" } },
        { operations: ["write"], path: "*", percent: 50, seed: 7, action: { kind: "short" } },
        {
          operations: ["open"],
          path: "*",
          trigger: { kind: "after", n: 1000 },
          action: { kind: "error", errno: "EMFILE" },
        },
      ],
    });
    expect(FaultPlan.parse(text).toString()).toBe(
      "write:*.wal xxwxW EIO; sync:* n3 EIO; write:* 50% seed 7 short; open:* after 1000 EMFILE",
    );
  });

  // Each line is in the order in which plans print themselves.
  test.each([
    "*:* EIO",
    "rename,link,copy:*.tmp on destination every 2 times 3 per-path sticky EXDEV late",
    "rename:/a/b on path EIO",
    'open:"a b; c" ENOENT',
    'open:"" EIO'.replace('""', '"~x"'),
    'read:~"\\\\.wal$"i EIO',
    'read:~"a b;c\\"d" EIO',
    "write:* 0.07% torn ENOSPC",
    "append:* torn 12 ENOSPC",
    "read:* short 0",
    "sync:* delay 2.5ms",
    "read:* corrupt bit-flip",
    "read:* corrupt zero",
    "read:* corrupt stale",
    "sync,syncNames:* failedSync EDQUOT revert lost -5",
    "sync:* failedSync EIO",
    "sync:* n1 droppedSync",
    "write:* lostWrite",
    "write:* misdirectedWrite /other/file 8192",
    'write:* misdirectedWrite "/other file" 8192',
    "read:* bitRot 100 7",
    "read:* latentError 0 4096",
    "read:* staleRead 4096 1",
    "seed 42; open:* 1e-7% EIO; open:* 33.3% seed -1 EIO",
  ])("%s", (text) => {
    const plan = FaultPlan.parse(text);
    expect(plan.toString()).toBe(text);
    expect(FaultPlan.fromJSON(JSON.parse(JSON.stringify(plan))).toString()).toBe(text);
  });

  test("blank items and any white space are allowed", () => {
    expect(FaultPlan.parse("").rules).toHaveLength(0);
    expect(FaultPlan.parse(" ;\n sync:*\n\tEIO ;; ").toString()).toBe("sync:* EIO");
  });

  test.each([
    ["sync", "must begin with operations"],
    [":* EIO", "must begin with operations"],
    ["sync: EIO", "has no path"],
    ["fsync:* EIO", "has no operation fsync"],
    ["sync:* n3", "has no action"],
    ["sync:* EIO ENOSPC", "gives action twice"],
    ["sync:* n3 n4 EIO", "gives trigger twice"],
    ["sync:* n3 every 2 EIO", "gives trigger twice"],
    ["sync:* EIO boom", 'a word "boom" that means nothing'],
    ["sync:* every EIO", "a whole number for every"],
    ["sync:* every 0 EIO", "a whole number for every"],
    ["sync:* after", "ends where after must follow"],
    ["sync:* n0 EIO", "a whole number for n"],
    ["sync:* seed 1.5 EIO", "a whole number for seed"],
    ["sync:* times -1 EIO", "a whole number for times"],
    ["sync:* on left EIO", "path or destination"],
    ["write:* torn 5", "needs an errno"],
    ["sync:* delay 5", "a time such as 5ms"],
    ["sync:* <predicate> EIO", "which text cannot carry"],
    ["sync:* <callback>", "which text cannot carry"],
    ['sync:"a EIO', "a quote is not closed"],
    ["sync:~abc EIO", "a regular expression not in quotes"],
    ['sync:~"(" EIO', "a broken pattern"],
    ['sync:"\\x" EIO', "no JSON string"],
    ["seed x; sync:* EIO", "a whole number for seed"],
    ["seed 1; seed 2; sync:* EIO", "a second seed"],
    ["sync:* xwXw EIO", "means nothing"],
    ["sync:* torn EIO", "torn cannot apply to sync"],
    ["lock:* EIO", "error cannot apply to lock"],
    ["read:* droppedSync", "droppedSync cannot apply to read"],
    ["sync:* 101% EIO", "percent must be from 0 to 100"],
    ["sync:* 1.2.3% EIO", "percent must be from 0 to 100"],
    ["read:* bitRot 0 8", "bit must be from 0 to 7"],
    ["sync:* failedSync EPERM", "needs EIO or ENOSPC or EDQUOT"],
  ])("refuses %j: %s", (text, message) => {
    expect(() => FaultPlan.parse(text)).toThrow(TypeError);
    expect(() => FaultPlan.parse(text)).toThrow(message);
  });

  test("predicates and callbacks print as marks", () => {
    const plan = new FaultPlan([
      { operations: "*", predicate: () => true, action: { kind: "error", errno: "EIO" } },
      { operations: ["sync"], action: { kind: "callback", callback: () => undefined } },
    ]);
    expect(plan.toString()).toBe("*:* <predicate> EIO; sync:* <callback>");
    expect(() => FaultPlan.fromJSON(plan.toJSON())).toThrow("<predicate>");
  });
});

const wholeNumber = fc.integer({ min: 1, max: 5000 });
const anySeed = fc.maxSafeInteger();
const errno = fc.constantFrom("EIO", "ENOSPC", "EDQUOT");

const anyAction: fc.Arbitrary<FaultAction> = fc.oneof(
  fc.record({ kind: fc.constant("error" as const), errno }),
  fc.record({ kind: fc.constant("error" as const), errno, late: fc.constant(true) }),
  fc.record({ kind: fc.constant("short" as const), bytes: fc.nat() }),
  fc.constant({ kind: "short" as const }),
  fc.record({ kind: fc.constant("torn" as const), errno, bytes: fc.nat() }),
  fc.record({ kind: fc.constant("delay" as const), milliseconds: fc.double({ min: 0, max: 1e9, noNaN: true }) }),
  fc.record({
    kind: fc.constant("corruptRead" as const),
    how: fc.constantFrom("bit-flip" as const, "zero" as const, "stale" as const),
  }),
  fc.record(
    {
      kind: fc.constant("failedSync" as const),
      errno: fc.constantFrom("EIO" as const, "ENOSPC" as const, "EDQUOT" as const),
      lost: fc.oneof(
        fc.constant("all" as const),
        anySeed.map((seed) => ({ seed })),
      ),
      aftermath: fc.constantFrom("clean-keep-new" as const, "revert" as const, "keep-dirty" as const),
    },
    { requiredKeys: ["kind", "errno", "lost"] },
  ),
  fc.constantFrom({ kind: "droppedSync" as const }, { kind: "lostWrite" as const }),
  fc.record({
    kind: fc.constant("misdirectedWrite" as const),
    path: fc.string({ minLength: 1 }),
    offset: fc.nat(),
  }),
  fc.record({ kind: fc.constant("bitRot" as const), offset: fc.nat(), bit: fc.nat({ max: 7 }) }),
  fc.record({ kind: fc.constant("latentError" as const), offset: fc.nat(), length: wholeNumber }),
);

const anyTrigger: fc.Arbitrary<FaultTrigger> = fc.oneof(
  fc.record({ kind: fc.constantFrom("nth" as const, "every" as const, "after" as const), n: wholeNumber }),
  fc
    .tuple(fc.stringMatching(/^[xw]{0,12}$/), fc.constantFrom("x", "w", "X", "W"))
    .map(([start, last]) => ({ kind: "sequence" as const, letters: start + last })),
);

const anyRule: fc.Arbitrary<FaultRule> = anyAction.chain((action) =>
  fc.record(
    {
      operations: fc.oneof(
        fc.constant("*" as const),
        fc.subarray([...applicableOperations[action.kind]], { minLength: 1 }),
      ),
      path: fc.oneof(
        fc.string({ minLength: 1, unit: "grapheme" }),
        fc.constantFrom(/a b/, /;"\/\\$/iu, /[/]"/s),
        fc.constantFrom("*", "*.wal", "/a/**", "~x", "<predicate>"),
      ),
      side: fc.constantFrom("path" as const, "destination" as const),
      trigger: anyTrigger,
      percent: fc.double({ min: 0, max: 99.999, noNaN: true }),
      seed: anySeed,
      times: wholeNumber,
      counting: fc.constant("path" as const),
      sticky: fc.constant(true),
      action: fc.constant(action),
    },
    { requiredKeys: ["operations", "path", "action"] },
  ),
);

test("whatever a rule prints reads back as an equal rule", () => {
  fc.assert(
    fc.property(fc.array(anyRule, { maxLength: 4 }), anySeed, (rules, seed) => {
      const plan = new FaultPlan(rules, { seed });
      const text = plan.toString();
      const again = FaultPlan.parse(text);
      expect(again.rules.map((armed) => armed.rule)).toEqual(rules);
      expect(again.seed).toBe(seed);
      expect(again.toString()).toBe(text);
      for (const armed of plan.rules) expect(armed.toString()).toBe(printRule(armed.rule));
    }),
    { numRuns: 500 },
  );
});
