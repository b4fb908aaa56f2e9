// Refuses a mutation that names something that does not exist: at run time it would fail whatever it does, and every test
// that merely reaches it would seem to notice. Types that no longer fit are welcome, types are not what is tested.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** Cannot find a name; no such property; not callable; used before it is assigned or declared. Below 2000: syntax. */
const fatal = new Set([2304, 2339, 2349, 2448, 2454, 2503, 2551, 2552, 18004]);

export class TypeChecker {
  #directory;
  #service;
  /** The mutated file, and how many there were before it. */
  #file = "";
  #text = "";
  #version = 0;

  /**
   * @param {string} directory - of the copy.
   * @param {string} packageDirectory - of the package whose files are mutated, relative to it.
   */
  constructor(directory, packageDirectory) {
    this.#directory = directory;
    const configFile = join(directory, packageDirectory, "tsconfig.json");
    const { config } = ts.readConfigFile(configFile, (file) => ts.sys.readFile(file));
    const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, join(directory, packageDirectory));
    const sources = fileNames.filter((name) => !name.endsWith(".test.ts"));
    this.#service = ts.createLanguageService({
      ...ts.sys,
      useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
      getScriptFileNames: () => sources,
      getScriptVersion: (name) => (name === this.#file ? String(this.#version) : "0"),
      getScriptSnapshot: (name) => {
        if (name === this.#file) return ts.ScriptSnapshot.fromString(this.#text);
        return ts.sys.fileExists(name) ? ts.ScriptSnapshot.fromString(readFileSync(name, "utf8")) : undefined;
      },
      getCurrentDirectory: () => join(directory, packageDirectory),
      getCompilationSettings: () => ({ ...options, noEmit: true }),
      getDefaultLibFileName: ts.getDefaultLibFilePath,
    });
  }

  /** @returns {string | undefined} what does not exist in the mutated text of `file`. */
  unknownName(file, text) {
    this.#file = join(this.#directory, file);
    this.#text = text;
    this.#version += 1;
    const found = [
      ...this.#service.getSyntacticDiagnostics(this.#file),
      ...this.#service.getSemanticDiagnostics(this.#file),
    ];
    const bad = found.find(({ code }) => code < 2000 || fatal.has(code));
    return bad === undefined ? undefined : `TS${bad.code}: ${ts.flattenDiagnosticMessageText(bad.messageText, " ")}`;
  }
}
