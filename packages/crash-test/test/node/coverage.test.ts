import * as nodeFs from "node:fs";
import { readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { expect, test } from "vitest";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { createNodeFs } from "../../src/node/index.js";

// The table in docs/node-fs-coverage.md, held against what the facade does and against what this Node has. A function that a
// newer Node brings fails here until the table says what becomes of it: UPDATE_TABLE=1 adds it.

const document = new URL("../../../../docs/node-fs-coverage.md", import.meta.url);
const fs = createNodeFs(new MemoryFs());

type State = "covered" | "refused";

/** Refused is what throws or rejects with the code of a refusal, whatever it is given. */
async function stateOf(call: (...values: unknown[]) => unknown, owner: object): Promise<State> {
  try {
    await call.call(owner);
    return "covered";
  } catch (error) {
    return (error as { code?: string }).code === "NODE_FS_UNSUPPORTED" ? "refused" : "covered";
  }
}

async function statesOf(names: readonly string[], owner: object, prefix: string): Promise<Map<string, State>> {
  const states = new Map<string, State>();
  for (const name of names) {
    const value = (owner as Record<string, unknown>)[name];
    if (typeof value === "function" && !/^[A-Z]/.test(name)) {
      states.set(prefix + name, await stateOf(value as (...values: unknown[]) => unknown, owner));
    }
  }
  return states;
}

async function found(): Promise<Map<string, State>> {
  const real = await open(new URL(import.meta.url));
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(real)).filter(
    (name) => !/^(constructor|fd)$/.test(name),
  );
  await real.close();
  const handle = (name: string): unknown => (handleClass.prototype as Record<string, unknown>)[name];
  const handleClass = (await opened()).constructor as { prototype: object };
  expect(methods.filter((name) => handle(name) === undefined)).toEqual([]);
  const states = new Map([
    ...(await statesOf(
      Object.keys(nodeFs).filter((name) => name !== "default"),
      fs,
      "fs.",
    )),
    ...(await statesOf(Object.keys(nodeFs.promises), fs.promises, "fs.promises.")),
  ]);
  for (const name of methods) {
    states.set(`FileHandle.${name}`, (await statesOf([name], await opened(), "")).get(name) ?? "refused");
  }
  return states;
}

async function opened(): Promise<object> {
  return fs.promises.open("/file", "w+");
}

function tableOf(text: string): Map<string, State> {
  return new Map(
    [...text.matchAll(/^\| `([^`]+)` \| (covered|refused) \|$/gm)].map(([, name = "", state]) => [
      name,
      state as State,
    ]),
  );
}

test("the table tells what becomes of every function of this Node", async () => {
  const states = await found();
  const text = readFileSync(document, "utf8");
  const table = tableOf(text);
  if (process.env["UPDATE_TABLE"] !== undefined) {
    const all = [...new Map([...table, ...states])].sort(([a], [b]) => (a < b ? -1 : 1));
    const rows = all.map(([name, state]) => `| \`${name}\` | ${state} |`).join("\n");
    const rewritten = `| function | here |\n|---|---|\n${rows}\n`;
    writeFileSync(document, text.replace(/(<!-- table -->\n)[\s\S]*?(<!-- end of table -->)/, `$1${rewritten}$2`));
    return expect(all.length).toBeGreaterThan(130);
  }
  expect(Object.fromEntries([...states].map(([name]) => [name, table.get(name)]))).toEqual(Object.fromEntries(states));
});

test("the facade has every property of the real modules, and nothing of it reaches the real disk", () => {
  expect(Object.keys(nodeFs).filter((name) => name !== "default" && !(name in fs))).toEqual([]);
  expect(Object.keys(nodeFs.promises).filter((name) => !(name in fs.promises))).toEqual([]);
  const plain = new Set(["Stats", "Dirent", "_toUnixTimestamp"]);
  const shared = (mine: object, theirs: object): string[] =>
    Object.entries(mine)
      .filter(
        ([name, value]) =>
          typeof value === "function" && value === (theirs as Record<string, unknown>)[name] && !plain.has(name),
      )
      .map(([name]) => name);
  expect(shared(fs, nodeFs)).toEqual([]);
  expect(shared(fs.promises, nodeFs.promises)).toEqual([]);
});
