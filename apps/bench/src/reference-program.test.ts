import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { PeerUnavailable, skippedPeers } from "./peer-install.js";
import { builtReference, referenceCrate, runReference, turnNs } from "./reference-program.js";

afterEach(() => vi.restoreAllMocks());

describe("referenceCrate", () => {
  test.each([
    ["durability", "0.6.4"],
    ["batpak", "0.9.0"],
    ["coordinode-lsm-tree", "5.7.0"],
  ])("%s is %s", (name, version) => {
    expect(referenceCrate(name)).toEqual({ name, version });
  });

  test("refuses a crate that the program does not use", () => {
    expect(() => referenceCrate("sled")).toThrow("does not use sled");
  });
});

describe("builtReference", () => {
  test("where cargo is missing, the crate is named as skipped and its part gives no rows", () => {
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const crate = { name: "durability", version: "0.6.4" };
    const missing = join(tmpdir(), "no-such-directory", "cargo");
    expect(() => builtReference(crate, missing)).toThrow(PeerUnavailable);
    expect(skippedPeers()).toEqual([{ ...crate, reason: expect.stringContaining("cargo cannot be run") }]);
    expect(said.mock.calls.flat().join("")).not.toContain("building");
  });
});

describe("turnNs", () => {
  test("reads what the program prints", () => {
    expect(turnNs('{"operations":500,"ns":1234567}\n', 500)).toBe(1_234_567);
  });

  test.each([
    ["", "JSON"],
    ['{"operations":499,"ns":1}', "did 499 of 500"],
    ['{"ns":1}', "did undefined of 500"],
    ['{"operations":500}', "took undefined ns"],
    ['{"operations":500,"ns":0}', "took 0 ns"],
    ['{"operations":500,"ns":"1"}', "took 1 ns"],
  ])("refuses %j", (output, message) => {
    expect(() => turnNs(output, 500)).toThrow(message);
  });
});

test("a turn that fails throws what the program said", () => {
  const crate = { name: "durability", version: "0.6.4" };
  const directory = mkdtempSync(join(tmpdir(), "holdfast-reference-"));
  // Node in place of the program: it takes the workload for a script that is not there.
  const turn = { program: process.execPath, crate, workload: join(directory, "absent"), count: 1 };
  expect(() => runReference(turn, directory)).toThrow(/ended .*absent with 1: .*Cannot find module/s);
  rmSync(directory, { recursive: true });
});
