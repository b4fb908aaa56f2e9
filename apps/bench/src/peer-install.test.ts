import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { measureOrSkip } from "./part-process.js";
import { boundPeer, PeerUnavailable, skippedPeers } from "./peer-install.js";
import type { Part } from "./suite.js";

const { dependencies } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly dependencies: Readonly<Record<string, string>>;
};
const options = { quick: true, full: false, huge: false, reference: false };

test("a peer that loads is handed on, and not named", async () => {
  expect(await boundPeer("memfs", () => Promise.resolve({ loaded: true }))).toEqual({ loaded: true });
  expect(skippedPeers()).toEqual([]);
});

test("a part whose peer has no binary here gives no rows, and the peer is named with its version and the reason", async () => {
  const part: Part = {
    name: "needs it",
    async measure() {
      await boundPeer("classic-level", () => Promise.reject(new Error("No native build was found\nat binding.js")));
      throw new Error("goes on without its peer");
    },
  };
  expect(await measureOrSkip(part, options)).toEqual({ rows: [], curves: [] });
  const version = dependencies["classic-level"];
  expect(skippedPeers()).toEqual([{ name: "classic-level", version, reason: "No native build was found" }]);
  expect(version).toMatch(/^\d/);
});

test("any other failure of a part ends the run", async () => {
  const part: Part = { name: "fails", measure: () => Promise.reject(new Error("wrong")) };
  await expect(measureOrSkip(part, options)).rejects.toThrow("wrong");
  await expect(boundPeer("memfs", () => Promise.reject(new Error("gone")))).rejects.toThrow(PeerUnavailable);
});
