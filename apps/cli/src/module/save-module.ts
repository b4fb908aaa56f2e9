import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { messageOf } from "../cli-error.js";

/** The functions of a module under test. */
export interface SaveModule {
  readonly save: (path: string, bytes: Buffer) => unknown;
  readonly load: (path: string) => unknown;
}

/** Why something cannot be judged. */
export interface Refusal {
  readonly kind: "refused";
  readonly why: string;
}

export function refuse(why: string): Refusal {
  return { kind: "refused", why };
}

const script = [".js", ".mjs", ".cjs"];
const typeScript = [".ts", ".mts", ".cts"];

/** A file with a module under test. */
export class SaveModuleFile {
  readonly path: string;
  readonly #require = createRequire(import.meta.url);
  readonly #required = this.#require.cache;
  readonly #ours = new Set(Object.keys(this.#required));
  #starts = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** Why there is nothing to load, as far as the path tells. */
  refusal(): Refusal | undefined {
    const { path } = this;
    const kind = extname(path);
    if (![...script, ...typeScript].includes(kind)) return refuse(`${path} is no .js, .mjs or .cjs file`);
    // Of Node since 22.10, which the types of Node 20 do not know.
    if (typeScript.includes(kind) && !Reflect.get(process.features, "typescript")) {
      return refuse(
        `${path} is TypeScript, which this Node does not run: use Node 22.18 or later, or compile it first`,
      );
    }
    return existsSync(path) ? undefined : refuse(`there is no file ${path}`);
  }

  /**
   * The module as a program has it that was just started: evaluated anew, and all CommonJS modules below it. ES modules
   * that it imports stay as they are, with what they remember.
   */
  async start(): Promise<SaveModule | Refusal> {
    let exported: unknown;
    try {
      exported = await this.#evaluate();
    } catch (error) {
      return refuse(`${this.path} cannot be loaded: ${messageOf(error)}`);
    }
    // What CommonJS exports may be all in the default export.
    for (const candidate of [exported, (exported as { readonly default?: unknown }).default]) {
      if (typeof candidate !== "object" || candidate === null) continue;
      const { save, load } = candidate as Partial<SaveModule>;
      if (typeof save === "function" && typeof load === "function") return candidate as SaveModule; // they may use `this`
    }
    return refuse(`${this.path} does not export the two functions save(path, bytes) and load(path)`);
  }

  async #evaluate(): Promise<unknown> {
    const path = realpathSync(resolve(this.path));
    const isCommonJs = path in this.#required;
    for (const name of Object.keys(this.#required)) {
      if (!this.#ours.has(name) && extname(name) !== ".node") delete this.#required[name];
    }
    this.#starts += 1;
    if (isCommonJs) return this.#require(path);
    const url = pathToFileURL(path);
    if (this.#starts > 1) url.search = `start=${this.#starts}`;
    return import(url.href);
  }
}
