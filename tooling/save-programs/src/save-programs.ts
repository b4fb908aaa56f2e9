// oxlint-disable-next-line typescript/triple-slash-reference -- for everybody who compiles this file from source
/// <reference path="./write-file-atomic.d.ts" />
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";

/** A published package, unmodified, as a program that saves one value and loads it again. Loaded below a patch. */
export interface SaveProgram {
  readonly name: string;
  save(path: string, value: string): Promise<void> | void;
  /** Throws when there is nothing that can be read. */
  load(path: string): unknown;
}

/** Packages keep functions of `fs` from the moment they are loaded, so this is for the time when the patch is in place. */
export async function loadPrograms(): Promise<readonly SaveProgram[]> {
  const { default: writeFileAtomic } = await import("write-file-atomic");
  const { Writer } = await import("steno");
  const { JsonDB, Config } = await import("node-json-db");
  const { default: Conf } = await import("conf");
  const textOf = (value: string): string => JSON.stringify({ value });
  const valueOf = (text: string): unknown => (JSON.parse(text) as { value: unknown }).value;
  return [
    {
      name: "write-file-atomic",
      save: (path, value) => writeFileAtomic(path, textOf(value)),
      load: (path) => valueOf(readFileSync(path, "utf8")),
    },
    {
      name: "steno",
      save: (path, value) => new Writer(path).write(textOf(value)),
      load: async (path) => valueOf(await readFile(path, "utf8")),
    },
    {
      name: "node-json-db",
      save: (path, value) => new JsonDB(new Config(path)).push("/value", value),
      load: (path) => new JsonDB(new Config(path)).getData("/value"),
    },
    {
      name: "conf",
      save: (path, value) => confAt(path).set("value", value),
      load: (path) => confAt(path).get("value"),
    },
  ];

  function confAt(path: string): InstanceType<typeof Conf> {
    return new Conf({ cwd: path.slice(0, path.lastIndexOf("/")), configName: "doc", projectName: "holdfast" });
  }
}
