import { describe, expect, test } from "vitest";
import { FaultPlan, UnfiredFaultsError } from "./fault-plan.js";
import { globToRegExp, suffixGlob } from "./fault-path.js";
import type { FaultCall, FaultRule } from "./fault-rule.js";

const call = (operation: FaultCall["operation"], path = "/f", more: Partial<FaultCall> = {}): FaultCall => ({
  operation,
  path,
  blocking: true,
  ...more,
});

/** One letter per call: x where a fault struck. */
function pattern(plan: FaultPlan, count: number, path?: string): string {
  const letters = Array.from({ length: count }, () => (plan.decide(call("sync", path)).length > 0 ? "x" : "."));
  return letters.join("");
}

describe("globs", () => {
  test.each([
    ["*", "/a/b", true],
    ["*", "/", true],
    ["*.wal", "/a/b/1.wal", true],
    ["*.wal", "/1.wal", true],
    ["*.wal", "/1.wal/x", false],
    ["*.wal", "/1.walx", false],
    ["1.wal", "/a/11.wal", false],
    ["?.wal", "/a/1.wal", true],
    ["/a/*", "/a/b", true],
    ["/a/*", "/a/b/c", false],
    ["/a/**", "/a/b/c", true],
    ["**/c", "/a/b/c", true],
    ["a/b", "/a/b", false],
    ["a.b", "/axb", false],
    ["\\*", "/*", true],
    ["\\*", "/a", false],
    ["(a|b)[c]$^+{}", "/(a|b)[c]$^+{}", true],
    ["**b/c", "/a/b/c", true],
    ["??", "/é🎉", true],
  ])("%s on %s: %s", (glob, path, expected) => {
    expect(globToRegExp(glob).test(path)).toBe(expected);
  });

  test("a suffix is taken literally", () => {
    const glob = globToRegExp(suffixGlob("/log*?.wal"));
    expect(glob.test("/a/log*?.wal")).toBe(true);
    expect(glob.test("/a/log1x.wal")).toBe(false);
  });
});

describe("matching", () => {
  const strikes = (rule: Partial<FaultRule>, one: FaultCall): boolean =>
    new FaultPlan([{ operations: "*", action: { kind: "error", errno: "EIO" }, ...rule }]).decide(one).length === 1;
  const rename = call("rename", "/from", { destination: "/d/to" });

  test("a rename matches on either path, or on the one the rule names", () => {
    expect(strikes({ path: "from" }, rename)).toBe(true);
    expect(strikes({ path: "to" }, rename)).toBe(true);
    expect(strikes({ path: "from", side: "path" }, rename)).toBe(true);
    expect(strikes({ path: "to", side: "path" }, rename)).toBe(false);
    expect(strikes({ path: "to", side: "destination" }, rename)).toBe(true);
    expect(strikes({ path: "from", side: "destination" }, rename)).toBe(false);
  });

  test("regular expressions see the whole path", () => {
    expect(strikes({ path: /^\/d\// }, rename)).toBe(true);
    expect(strikes({ path: /^d/ }, rename)).toBe(false);
  });

  test("only a rule for all paths matches a call without one", () => {
    const space: FaultCall = { operation: "space", blocking: true };
    expect(strikes({}, space)).toBe(true);
    expect(strikes({ path: "**" }, space)).toBe(true);
    expect(strikes({ path: "?*" }, space)).toBe(false);
    expect(strikes({ path: /.*/ }, space)).toBe(false);
  });

  test("`*` means the operations that the action can apply to", () => {
    expect(strikes({ action: { kind: "short" } }, call("write"))).toBe(true);
    expect(strikes({ action: { kind: "short" } }, call("sync"))).toBe(false);
  });

  test("a predicate sees the call, and what it refuses is not counted", () => {
    const plan = new FaultPlan([
      {
        operations: ["write"],
        predicate: (one) => (one.offset ?? 0) >= 100,
        trigger: { kind: "nth", n: 2 },
        action: { kind: "error", errno: "EIO" },
      },
    ]);
    const at = (offset: number): number => plan.decide(call("write", "/f", { offset })).length;
    expect([at(0), at(100), at(0), at(0), at(200), at(300)]).toEqual([0, 0, 0, 0, 1, 0]);
    expect(plan.rules[0]?.seen).toBe(3);
  });
});

describe("triggers", () => {
  test.each([
    ["sync:* EIO", "xxxxxxxxxx"],
    ["sync:* n3 EIO", "..x......."],
    ["sync:* every 3 EIO", "..x..x..x."],
    ["sync:* after 4 EIO", "....xxxxxx"],
    ["sync:* after 0 EIO", "xxxxxxxxxx"],
    ["sync:* xxwxW EIO", "xx.x......"],
    ["sync:* wwX EIO", "..xxxxxxxx"],
    ["sync:* wx EIO", ".x........"],
    ["sync:* x EIO", "x........."],
    ["sync:* X EIO", "xxxxxxxxxx"],
    ["sync:* times 2 EIO", "xx........"],
    ["sync:* every 2 times 2 EIO", ".x.x......"],
    ["sync:* 100% EIO", "xxxxxxxxxx"],
    ["sync:* 0% EIO", ".........."],
  ])("%s: %s", (text, expected) => {
    expect(pattern(FaultPlan.parse(text), 10)).toBe(expected);
  });

  test("counting by path gives every path its own count", () => {
    const whole = FaultPlan.parse("sync:* n2 EIO");
    const each = FaultPlan.parse("sync:* n2 per-path EIO");
    const paths = ["/a", "/b", "/a", "/b"];
    expect(paths.map((path) => whole.decide(call("sync", path)).length)).toEqual([0, 1, 0, 0]);
    expect(paths.map((path) => each.decide(call("sync", path)).length)).toEqual([0, 0, 1, 1]);
  });
});

describe("chance", () => {
  test("the same seed gives the same faults, another seed others, and about as many as asked for", () => {
    const of = (text: string): string => pattern(FaultPlan.parse(text), 400);
    expect(of("sync:* 30% seed 7 EIO")).toBe(of("sync:* 30% seed 7 EIO"));
    expect(of("sync:* 30% seed 7 EIO")).not.toBe(of("sync:* 30% seed 8 EIO"));
    expect(of("seed 7; sync:* 30% EIO")).toBe(of("sync:* 30% seed 7 EIO"));
    const struck = of("sync:* 30% seed 7 EIO").replaceAll(".", "").length;
    expect(struck).toBeGreaterThan(90);
    expect(struck).toBeLessThan(150);
  });

  test("the schedule of one seed is pinned: it must be the same on every machine and in every version", () => {
    expect(pattern(FaultPlan.parse("seed 7; sync:* 50% EIO"), 24)).toBe("..xx..xxx.xx..x.x.x..x..");
  });

  test("draws are keyed by path: work on another file moves nothing", () => {
    const alone = pattern(FaultPlan.parse("sync:* 50% seed 3 EIO"), 50, "/a");
    const plan = FaultPlan.parse("sync:* 50% seed 3 EIO");
    let mixed = "";
    for (let round = 0; round < 50; round += 1) {
      mixed += plan.decide(call("sync", "/a")).length > 0 ? "x" : ".";
      for (let more = 0; more < round % 4; more += 1) plan.decide(call("sync", `/b${more}`));
    }
    expect(mixed).toBe(alone);
  });

  test("a rate changes which draws strike and not the draws: what strikes at 20% strikes at 60%", () => {
    const low = pattern(FaultPlan.parse("sync:* 20% seed 5 EIO"), 200);
    const high = pattern(FaultPlan.parse("sync:* 60% seed 5 EIO"), 200);
    expect(low).toContain("x");
    for (let at = 0; at < low.length; at += 1) if (low[at] === "x") expect(high[at]).toBe("x");
  });

  test("a trigger that says no still draws", () => {
    const free = pattern(FaultPlan.parse("sync:* 50% seed 5 EIO"), 40);
    const late = pattern(FaultPlan.parse("sync:* after 20 50% seed 5 EIO"), 40);
    expect(late).toBe(".".repeat(20) + free.slice(20));
  });

  test("two rules with one matcher and one seed draw apart", () => {
    const plan = FaultPlan.parse("sync:* 50% seed 5 delay 1ms; sync:* 50% seed 5 EIO");
    pattern(plan, 100);
    const both = plan.rules.map((armed) => armed.fired);
    expect(both.every((fired) => fired > 30 && fired < 70)).toBe(true);
    const first = pattern(FaultPlan.parse("sync:* 50% seed 5 EIO"), 100);
    const second = FaultPlan.parse("sync:* 0% seed 5 EIO; sync:* 50% seed 5 EIO");
    expect(pattern(second, 100)).not.toBe(first);
  });

  test("the further draws of a fault repeat with the seed", () => {
    const draw = (): number[] => {
      const plan = FaultPlan.parse("read:* corrupt bit-flip seed 4");
      return Array.from({ length: 5 }, () => plan.decide(call("read"))[0]?.prng().below(1_000_000) ?? -1);
    };
    expect(draw()).toEqual(draw());
    expect(new Set(draw()).size).toBe(5);
  });
});

describe("several rules", () => {
  const errnos = (plan: FaultPlan, count: number): string[] =>
    Array.from({ length: count }, () =>
      plan
        .decide(call("sync"))
        .map(({ action }) => ("errno" in action ? action.errno : action.kind))
        .join("+"),
    );

  test("each counts for itself, and the first that fires has the call", () => {
    const plan = FaultPlan.parse("sync:* n2 EIO; sync:* every 2 ENOSPC");
    expect(errnos(plan, 4)).toEqual(["", "EIO", "", "ENOSPC"]);
    expect(plan.rules.map((armed) => [armed.seen, armed.fired, armed.shadowed])).toEqual([
      [4, 1, 0],
      [4, 1, 1],
    ]);
  });

  test("a rule that is done stands in nobody's way, unless it is sticky", () => {
    expect(errnos(FaultPlan.parse("sync:* times 1 EIO; sync:* ENOSPC"), 3)).toEqual(["EIO", "ENOSPC", "ENOSPC"]);
    const sticky = FaultPlan.parse("sync:* times 1 sticky EIO; sync:* ENOSPC");
    expect(errnos(sticky, 3)).toEqual(["EIO", "", ""]);
    expect(sticky.rules[1]?.seen).toBe(0);
  });

  test("delays and callbacks let later rules have their say", () => {
    const plan = FaultPlan.parse("sync:* delay 5ms; sync:* n2 EIO; sync:* delay 1ms");
    expect(errnos(plan, 3)).toEqual(["delay+delay", "delay+EIO", "delay+delay"]);
  });

  test("fired and unfired are all that was armed", () => {
    const plan = FaultPlan.parse("sync:* n1 EIO; sync:* n9 EIO; open:*.wla EIO");
    pattern(plan, 3);
    expect(plan.unfired().map(String)).toEqual(["sync:* n9 EIO", "open:*.wla EIO"]);
    const fired = plan.rules.filter((armed) => armed.fired > 0);
    expect(fired.length + plan.unfired().length).toBe(plan.rules.length);
    expect(plan.fired).toBe(1);
    expect(() => plan.assertAllFired()).toThrow(UnfiredFaultsError);
    expect(() => plan.assertAllFired()).toThrow("2 fault rule(s) never fired: sync:* n9 EIO; open:*.wla EIO");
    const rest = new FaultPlan(["sync:* EIO"]);
    pattern(rest, 1);
    expect(() => rest.assertAllFired()).not.toThrow();
  });

  test("rules can be armed at any time, several by one text, all or none", () => {
    const plan = new FaultPlan();
    expect(plan.arm("sync:* n1 EIO; open:* EMFILE").toString()).toBe("open:* EMFILE");
    expect(() => plan.arm("sync:* EIO; write:* failedSync EIO")).toThrow(TypeError);
    expect(plan.rules).toHaveLength(2);
    expect(() => plan.arm("")).toThrow(TypeError);
    expect(() => plan.arm("seed 1; sync:* EIO")).toThrow(TypeError);
  });
});

describe("rules as objects are checked like text", () => {
  const base: FaultRule = { operations: ["sync"], action: { kind: "error", errno: "EIO" } };
  test.each<[string, object]>([
    ["unknown field", { tiems: 3 }],
    ["path must not be empty", { path: "" }],
    ["no g or y flag", { path: /a/g }],
    ["operations must not be empty", { operations: [] }],
    ["unknown action", { action: { kind: "explode" } }],
    ["errno must look like", { action: { kind: "error", errno: "io" } }],
    ["nth must be a whole number", { trigger: { kind: "nth", n: 0 } }],
    ["a sequence is made of", { trigger: { kind: "sequence", letters: "" } }],
    ["times must be", { times: 0 }],
    ["seed must be", { seed: 0.5 }],
    ["percent must be", { percent: Number.NaN }],
    ["unknown side", { side: "left" }],
    ["unknown counting", { counting: "handle" }],
    ["a delay must be", { action: { kind: "delay", milliseconds: -1 } }],
  ])("%s", (message, change) => {
    expect(() => new FaultPlan([{ ...base, ...change }])).toThrow(TypeError);
    expect(() => new FaultPlan([{ ...base, ...change }])).toThrow(message);
  });

  test("a plan's seed must be a safe integer", () => {
    expect(() => new FaultPlan([], { seed: 0.5 })).toThrow(TypeError);
  });
});
