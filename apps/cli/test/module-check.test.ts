import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { built, scratch } from "./scratch.js";

// The built command on modules, as a user runs it.

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The page goes where nobody looks, unless the arguments say otherwise. */
function check(module: string, ...args: string[]): Ended {
  return run("--module", module, "--html", join(scratch(), "page.html"), ...args);
}

function run(...args: string[]): Ended {
  return spawnSync(process.execPath, [built("main"), "tour", ...args], { encoding: "utf8", timeout: 240_000 });
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`modules/${name}`, import.meta.url));
}

/** A module of these lines, in a directory of its own. */
function moduleOf(text: string, name = "module.mjs"): string {
  const path = join(scratch(), name);
  writeFileSync(path, text);
  return path;
}

/** Processes whose command line names this file, where the system tells. */
function processesOf(path: string): string[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && commandLineOf(pid).includes(path));
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // it ended meanwhile
  }
}

const limit = { timeout: 300_000 };

test("the naive save is found out, with the lines at fault, and exit code 1", limit, () => {
  const { status, stdout, stderr } = check(fixture("naive.mjs"));
  expect([status, stderr]).toEqual([1, ""]);
  expect(stdout).toMatch(/^ {2}posix +\d+ +LOSES the document$/m);
  expect(stdout).toMatch(/^ {2}file system +recoveries +verdict$/m);
  expect(stdout).toMatch(/^LOSES the document \(posix, ext4-ordered, ext4-noauto\)$/m);
  expect(stdout).toMatch(/^LOSES the document \(xfs, btrfs\)$/m);
  expect(stdout).toMatch(/rename\(\/document\.tmp -> \/document\) at modules\/naive\.mjs:6 may persist before/);
  expect(stdout).toMatch(/Fix: fs\.fsyncSync\(fd\) on \/document\.tmp, before rename\(.*\) at modules\/naive\.mjs:6/);
});

test("a careful save survives, with exit code 0", limit, () => {
  const { status, stdout } = check(fixture("careful.cjs"));
  expect(stdout).toMatch(/^ {2}posix +\d+ +survives every disk that load can tell apart$/m);
  expect(stdout).not.toMatch(/LOSES|FORGETS/);
  expect(status).toBe(0);
});

test("a save without a sync of the directory forgets what it has reported", limit, () => {
  const { status, stdout } = check(fixture("forgetful.js"));
  expect(status).toBe(1);
  expect(stdout).toMatch(/^ {2}posix +\d+ +FORGETS a reported save$/m);
  expect(stdout).toContain("load gives the old version, although save had returned");
});

describe("a save in many files", () => {
  /** Writes 24 shards, syncs all but one, and puts a manifest in place. */
  const shards = (forgotten: number): string =>
    moduleOf(`
      import fs from "node:fs";
      const count = 24;
      const syncNames = () => {
        const names = fs.openSync("/crash");
        fs.fsyncSync(names);
        fs.closeSync(names);
      };
      const put = (path, bytes, sync) => {
        const file = fs.openSync(path, "w");
        fs.writeSync(file, bytes);
        if (sync) fs.fsyncSync(file);
        fs.closeSync(file);
      };
      const part = (path, version, at) => path + "." + version + "." + at;
      export const save = (path, bytes) => {
        const version = bytes.length;
        for (let at = 0; at < count; at += 1) {
          const shard = bytes.subarray((at * version) / count, ((at + 1) * version) / count);
          put(part(path, version, at), shard, at !== ${forgotten});
        }
        syncNames();
        put(path + ".tmp", String(version), true);
        fs.renameSync(path + ".tmp", path);
        syncNames();
      };
      export const load = (path) => {
        const version = fs.readFileSync(path, "utf8");
        return Buffer.concat(Array.from({ length: count }, (_, at) => fs.readFileSync(part(path, version, at))));
      };
    `);

  test("one of which is never synced is found out", limit, () => {
    const { status, stdout } = check(shards(17));
    expect(stdout).toMatch(/^LOSES the document \(posix, ext4-ordered, ext4-noauto/m);
    expect(stdout).toMatch(/rename\(.* may persist before bytes 0 to 49 of write\(\/document\.1200\.17\)/);
    expect(status).toBe(1);
  });

  test("all of which are synced survives, whole", limit, () => {
    const { status, stdout } = check(shards(-1), "--json");
    const { verdicts } = JSON.parse(stdout) as { verdicts: readonly object[] };
    const whole = { verdict: "survives", complete: true, explored: "every disk that load can tell apart" };
    expect(verdicts).toMatchObject(verdicts.map(() => whole));
    expect(status).toBe(0);
  });
});

test("what has more disks than can be looked at says how many were", limit, () => {
  // Fifteen sectors are written one by one into the slot that is not in use, and read back whole behind a checksum.
  const path = moduleOf(`
    import fs from "node:fs";
    import { createHash } from "node:crypto";
    const digest = (bytes) => createHash("sha256").update(bytes).digest();
    const read = (name) => {
      if (!fs.existsSync(name)) return undefined;
      const bytes = fs.readFileSync(name);
      const body = bytes.subarray(32);
      return body.length > 0 && digest(body).equals(bytes.subarray(0, 32)) ? body : undefined;
    };
    const newest = (path) => {
      const [a, b] = [read(path + ".a"), read(path + ".b")];
      return a === undefined || (b !== undefined && b[0] > a[0]) ? { body: b, other: ".a" } : { body: a, other: ".b" };
    };
    export const save = (path, bytes) => {
      const { body, other } = newest(path);
      const next = Buffer.concat([Buffer.from([(body?.[0] ?? 0) + 1]), Buffer.alloc(512 * 12, 7), bytes]);
      const file = fs.openSync(path + (body === undefined ? ".a" : other), "w");
      const whole = Buffer.concat([digest(next), next]);
      for (let at = 0; at < whole.length; at += 512) fs.writeSync(file, whole.subarray(at, at + 512));
      fs.fsyncSync(file);
      fs.closeSync(file);
      const names = fs.openSync("/crash");
      fs.fsyncSync(names);
      fs.closeSync(names);
    };
    export const load = (path) => newest(path).body.subarray(1 + 512 * 12);
  `);
  const { status, stdout } = check(path, "--json");
  const { verdicts } = JSON.parse(stdout) as { verdicts: readonly { recoveries: number; explored: string }[] };
  const [posix] = verdicts;
  expect(posix).toMatchObject({ verdict: "survives", complete: false });
  expect(posix?.explored).toBe(`${posix?.recoveries.toLocaleString("en")} disks, of more than can be looked at`);
  expect(posix?.recoveries).toBeLessThanOrEqual(2 * 2048); // two questions
  expect(status).toBe(0);
});

test("a load that does not do the same twice is judged on whole disks", limit, () => {
  const path = moduleOf(`
    import fs from "node:fs";
    let loads = 0;
    export const save = (path, bytes) => {
      fs.writeFileSync(path + ".tmp", bytes);
      fs.renameSync(path + ".tmp", path);
    };
    export const load = (path) => {
      loads += 1;
      if (loads % 2 === 0) fs.existsSync(path + ".lock");
      return fs.readFileSync(path);
    };
  `);
  const { status, stdout } = check(path);
  expect(stdout).toMatch(/^ {2}posix +\d+ +LOSES the document$/m);
  expect(status).toBe(1);
});

test(
  "a load that ends its process on what a crash left is a finding, also where it catches what that throws",
  limit,
  () => {
    const path = moduleOf(`
    import fs from "node:fs";
    export const save = (path, bytes) => {
      fs.writeFileSync(path + ".tmp", bytes);
      fs.renameSync(path + ".tmp", path);
    };
    export const load = (path) => {
      const bytes = fs.readFileSync(path);
      if (bytes.length > 0 && bytes.includes(0)) {
        try {
          process.exit(3);
        } catch {}
        return "the new version, longer\\n".repeat(50);
      }
      if (bytes.length === 0) process.exit();
      return bytes;
    };
  `);
    const { status, stdout, stderr } = check(path);
    expect(stdout).toMatch(/^ {2}posix +\d+ +LOSES the document$/m);
    expect(stdout).toContain("Outcome: it ends its process (exit code 3)");
    expect(stdout).toContain("Outcome: it ends its process (exit code 0)");
    expect([status, stderr]).toEqual([1, ""]);
  },
);

test("a load that never settles on a disk after a crash is a finding, with its page, and no stack", limit, () => {
  const path = moduleOf(`
    import { readFileSync, renameSync, writeFileSync } from "node:fs";
    export const save = (path, bytes) => {
      writeFileSync(path + ".tmp", bytes);
      renameSync(path + ".tmp", path);
    };
    export const load = async (path) => {
      const bytes = readFileSync(path);
      return bytes.length > 0 && !bytes.includes(0) ? bytes : new Promise(() => {});
    };
  `);
  const page = join(scratch(), "page.html");
  const { status, stdout, stderr } = run("--module", path, "--html", page);
  expect(stdout).toMatch(/^ {2}posix +\d+ +HANGS in load$/m);
  expect(stdout).toContain("recovery did not come to an end");
  expect([status, stderr]).toEqual([1, ""]);
  expect(readFileSync(page, "utf8")).toMatch(/^<!doctype html>/i);
});

describe("a save that works at first, and fails later without any crash", () => {
  /** @param fails - of the number of the call, 1 for the first. Two calls come before the run under posix. */
  const failing = (fails: string, save = "fs.writeFileSync(path, bytes)"): string =>
    moduleOf(`
      import fs from "node:fs";
      let calls = 0;
      export const save = (path, bytes) => {
        calls += 1;
        if (${fails}) throw new Error("enough");
        ${save};
      };
      export const load = (path) => fs.readFileSync(path);
    `);

  test("under every file system is refused in one line", limit, () => {
    const { status, stdout, stderr } = check(failing("calls > 2"));
    expect(stderr).toBe("holdfast: it cannot be judged under posix: enough\n");
    expect([status, stdout]).toEqual([2, ""]);
  });

  test("under one of them is judged under the others", limit, () => {
    const { status, stdout, stderr } = check(failing("calls === 3"));
    expect(stdout).toMatch(/^ {2}posix +0 +not judged: enough$/m);
    expect(stdout).toMatch(/^ {2}xfs +\d+ +LOSES the document$/m);
    expect(stdout).toMatch(/^ {2}btrfs +\d+ +LOSES the document$/m);
    expect([status, stderr]).toEqual([1, ""]);
  });

  test("under one of them, without a finding in the others, is no success", limit, () => {
    const careful = `
      const put = (name, flags, text) => {
        const file = fs.openSync(name, flags);
        if (text !== undefined) fs.writeSync(file, text);
        fs.fsyncSync(file);
        fs.closeSync(file);
      };
      put(path + ".tmp", "w", bytes);
      fs.renameSync(path + ".tmp", path);
      put("/crash", "r")`;
    const { status, stdout } = check(failing("calls === 3", careful), "--json");
    const { ok, verdicts } = JSON.parse(stdout) as { ok: boolean; verdicts: readonly object[] };
    expect(verdicts[0]).toEqual({
      personality: "posix",
      verdict: "unjudged",
      recoveries: 0,
      complete: false,
      explored: "",
      text: "enough",
    });
    expect(verdicts.slice(1)).toMatchObject(verdicts.slice(1).map(() => ({ verdict: "survives" })));
    expect(verdicts.length).toBeGreaterThan(3);
    expect([ok, status]).toEqual([false, 2]);
  });
});

interface PageData {
  readonly report: {
    readonly personalities: readonly { readonly name: string }[];
    readonly runs: readonly object[];
    readonly outcome: string;
  };
  readonly failures: readonly { readonly personality: number; readonly run: number }[];
  readonly disks: readonly { readonly personality: number; readonly states: readonly { readonly kind: string }[] }[];
}

/** What the scripts of a page work with. */
function dataOf(page: string): PageData {
  return JSON.parse(/id="data">(.*)<\/script>/.exec(readFileSync(page, "utf8"))?.[1] ?? "") as PageData;
}

test("the page switches between all file systems, and tells one failure of each kind", limit, () => {
  const file = join(scratch(), "page.html");
  const { stdout } = run("--module", fixture("naive.mjs"), "--html", file);
  const texts = [...readFileSync(file, "utf8").matchAll(/a promise was broken after (\d+) recoveries/g)];
  const printed = [...stdout.matchAll(/a promise was broken after (\d+) recoveries/g)];
  expect(texts.map(([, count]) => count)).toEqual(printed.map(([, count]) => count));
  expect(texts).toHaveLength(2);
  const data = dataOf(file);
  const names = ["posix", "ext4-ordered", "ext4-noauto", "xfs", "btrfs"];
  expect(data.report.personalities.map(({ name }) => name)).toEqual(names);
  expect(data.report.outcome).toBe("failed");
  expect(data.report.runs).toHaveLength(1); // the same calls every time: one timeline
  // ext4 leaves zeros of the right length, xfs and btrfs an empty file.
  expect(data.failures).toMatchObject([
    { personality: names.indexOf("posix"), run: 0 },
    { personality: names.indexOf("xfs"), run: 0 },
  ]);
  for (const [index, name] of names.entries()) {
    const shown = data.disks.filter(({ personality }) => personality === index);
    const failing = shown.flatMap(({ states }) => states.filter(({ kind }) => kind === "failure"));
    expect([name, failing.length > 0]).toEqual([name, true]);
  }
});

test("the page opens on the gravest finding, whichever file system it is of", limit, () => {
  const path = moduleOf(`
    import fs from "node:fs";
    let calls = 0;
    export const save = (path, bytes) => {
      calls += 1;
      fs.writeFileSync(path + ".tmp", bytes, { flush: calls < 5 });
      fs.renameSync(path + ".tmp", path);
    };
    export const load = (path) => fs.readFileSync(path);
  `);
  const file = join(scratch(), "page.html");
  const { stdout } = run("--module", path, "--html", file);
  expect(stdout).toMatch(/^ {2}posix +\d+ +FORGETS a reported save$/m); // its first question takes the third and fourth call
  const { report, failures } = dataOf(file);
  expect(report.personalities[0]?.name).toBe("ext4-ordered");
  expect(failures[0]).toMatchObject({ personality: 0 });
});

test("a module whose calls differ from run to run has a page of the runs that made the same", limit, () => {
  const path = moduleOf(`
    import fs from "node:fs";
    let calls = 0;
    export const save = (path, bytes) => {
      calls += 1;
      const parts = calls > 6 ? [bytes.subarray(0, 100), bytes.subarray(100)] : [bytes];
      fs.writeFileSync(path + ".tmp", "");
      for (const part of parts) fs.appendFileSync(path + ".tmp", part);
      fs.renameSync(path + ".tmp", path);
    };
    export const load = (path) => fs.readFileSync(path);
  `);
  const file = join(scratch(), "page.html");
  const { status, stdout, stderr } = run("--module", path, "--html", file);
  expect([status, stderr]).toEqual([1, ""]);
  expect(stdout).toMatch(/^LOSES the document \(xfs/m);
  expect(dataOf(file)).toMatchObject({ failures: [{ personality: 0, run: 0 }], report: { outcome: "failed" } });
});

test("--json prints one object, and --html writes a report", limit, () => {
  const file = join(scratch(), "report.html");
  const { status, stdout } = run("--module", fixture("naive.mjs"), "--json", "--html", file);
  expect(status).toBe(1);
  const result = JSON.parse(stdout) as {
    ok: boolean;
    verdicts: { personality: string; verdict: string; text: string }[];
  };
  expect(result).toMatchObject({ command: "module", ok: false, report: file });
  expect(result.verdicts.find(({ personality }) => personality === "posix")).toMatchObject({ verdict: "loses" });
  expect(readFileSync(file, "utf8")).toMatch(/^<!doctype html>[\s\S]*modules\/naive\.mjs:6/i);
  const unwritable = run("--module", fixture("naive.mjs"), "--html", join(scratch(), "no", "where.html"));
  expect(unwritable.status).toBe(2); // CLI_FILE_UNWRITABLE
  expect(unwritable.stderr).toMatch(/cannot write .*where\.html/);
});

test("the page stands beside the module", limit, () => {
  const path = moduleOf(readFileSync(fixture("naive.mjs"), "utf8"), "save.mjs");
  const page = path.replace("save.mjs", "save.crash.html");
  const { status, stdout } = run("--module", path);
  expect(status).toBe(1);
  expect(stdout).toContain(page);
  expect(readFileSync(page, "utf8")).toContain("document.tmp");
});

test("nothing is written to the real disk, and what the module prints is kept apart", limit, () => {
  const path = moduleOf(`
    import fs from "node:fs";
    export const save = (path, bytes) => { console.log("saving"); fs.writeFileSync(path, bytes); };
    export const load = (path) => fs.readFileSync(path);
  `);
  const { stdout, stderr } = check(path, "--json");
  expect(() => JSON.parse(stdout) as unknown).not.toThrow();
  expect(stderr).toContain("saving");
  expect(existsSync("/crash")).toBe(false);
});

const saves = `
  import fs from "node:fs";
  export const save = (path, bytes) => fs.writeFileSync(path, bytes);
`;

describe("a module that does not return", () => {
  test.each([
    ["an endless loop in save", "export const save = () => { for (;;); }; export const load = save;"],
    ["an endless loop in load", `${saves} export const load = () => { for (;;); };`],
    ["an endless loop at its top", "for (;;);"],
    [
      "a promise beside a timer that goes on",
      `${saves} export const load = () => new Promise(() => setInterval(() => {}, 1000));`,
    ],
  ])("because of %s is given up at the deadline, and its process is gone", limit, (_, text) => {
    const path = moduleOf(text);
    const { status, stdout, stderr } = check(path, "--deadline-seconds", "1");
    expect(stderr).toBe(`holdfast: ${path} did not return within 1 s\n`);
    expect([status, stdout]).toEqual([2, ""]);
    expect(processesOf(path)).toEqual([]);
  });

  test("because it computes for ever on what a crash left hangs, and nothing is said of the rest", limit, () => {
    const path = moduleOf(`${saves} export const load = (path) => {
      const bytes = fs.readFileSync(path);
      while (bytes.length === 0 || bytes.includes(0));
      return bytes;
    };`);
    const { status, stdout, stderr } = check(path, "--json");
    const { ok, report, verdicts } = JSON.parse(stdout) as {
      ok: boolean;
      report: unknown;
      verdicts: readonly object[];
    };
    expect(verdicts[0]).toMatchObject({ personality: "posix", verdict: "hangs" });
    expect(verdicts.slice(1)).toMatchObject(verdicts.slice(1).map(() => ({ verdict: "unjudged", recoveries: 0 })));
    expect([ok, report, status, stderr]).toEqual([false, null, 1, ""]);
    expect(processesOf(path)).toEqual([]);
  });

  test("ends with the command, also when that is killed", limit, async () => {
    const path = moduleOf(`console.log("looping"); for (;;);`);
    const child = spawn(process.execPath, [built("main"), "tour", "--module", path], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const closed = once(child, "close");
    await once(child.stderr, "data");
    child.kill("SIGKILL");
    await closed;
    await expect.poll(() => processesOf(path), { timeout: 30_000 }).toEqual([]);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("is killed with the command by %s", limit, async (signal, code) => {
    const path = moduleOf(`console.log("looping"); for (;;);`);
    const child = spawn(process.execPath, [built("main"), "tour", "--module", path], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const closed = once(child, "close");
    await once(child.stderr, "data");
    child.kill(signal);
    expect((await closed)[0]).toBe(code);
    await expect.poll(() => processesOf(path)).toEqual([]);
  });
});

test("a load that waits for a timer is judged by what it gives in the end", limit, () => {
  const path = moduleOf(`
    import fs from "node:fs";
    import { setTimeout } from "node:timers/promises";
    let loads = 0;
    export const save = (path, bytes) => fs.writeFileSync(path, bytes);
    export const load = async (path) => {
      loads += 1;
      if (loads === 3) await setTimeout(1500);
      return fs.readFileSync(path);
    };
  `);
  const { status, stdout } = check(path);
  expect(stdout).toMatch(/^ {2}posix +\d+ +LOSES the document$/m);
  expect(stdout).not.toContain("HANGS");
  expect(status).toBe(1);
});

describe("a page that would replace the module", () => {
  /** A module, with other names for it beside it. */
  function aliased(): { readonly module: string; readonly text: string; readonly home: string } {
    const module = moduleOf(readFileSync(fixture("naive.mjs"), "utf8"), "save.mjs");
    const home = dirname(module);
    symlinkSync("save.mjs", join(home, "symbolic"));
    linkSync(module, join(home, "hard"));
    mkdirSync(join(home, "sub"));
    return { module, text: readFileSync(module, "utf8"), home };
  }

  test.each(["save.mjs", "sub/../save.mjs", "symbolic", "hard"])("as %s is refused, and the module stays", (name) => {
    const { module, text, home } = aliased();
    const { status, stderr } = run("--module", module, "--html", `${home}/${name}`);
    expect(stderr).toContain("the page would replace the module");
    expect(status).toBe(2);
    expect(readFileSync(module, "utf8")).toBe(text);
  });

  test("where it stands by default is refused too, in JSON as well", () => {
    const { module, text, home } = aliased();
    symlinkSync("save.mjs", join(home, "save.crash.html"));
    const { status, stdout } = run("--module", module, "--json");
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: "CLI_USAGE" } });
    expect(status).toBe(2);
    expect(readFileSync(module, "utf8")).toBe(text);
  });
});

test("TypeScript is judged where Node runs it, and refused with a way out where it does not", limit, () => {
  const path = moduleOf(
    `
    import fs from "node:fs";
    export const save = (path: string, bytes: Uint8Array): void => fs.writeFileSync(path, bytes);
    export const load = (path: string): Uint8Array => fs.readFileSync(path);
  `,
    "save.mts",
  );
  const { status, stdout, stderr } = check(path);
  if (Reflect.get(process.features, "typescript")) {
    expect(stdout).toMatch(/^ {2}posix +\d+ +LOSES the document$/m);
    expect(status).toBe(1);
  } else {
    expect(stderr).toContain("does not run: use Node 22.18 or later, or compile it first");
    expect(status).toBe(2);
  }
});

describe("a module that remembers what it saved", () => {
  const cached = `
    const cache = new Map();
    exports.save = (path, bytes) => { fs.writeFileSync(path, bytes); cache.set(path, Buffer.from(bytes)); };
    exports.load = (path) => cache.get(path) ?? fs.readFileSync(path);
  `;

  test.each([
    ["in itself", "module.cjs", `const fs = require("node:fs"); ${cached}`],
    [
      "in itself, as an ES module that opens its file once",
      "module.mjs",
      `
      import fs from "node:fs";
      let file;
      const open = (path) => (file ??= fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT));
      export const save = (path, bytes) => {
        fs.ftruncateSync(open(path));
        fs.writeSync(open(path), bytes, 0, bytes.length, 0);
      };
      export const load = (path) => {
        const bytes = Buffer.alloc(fs.fstatSync(open(path)).size);
        fs.readSync(open(path), bytes, 0, bytes.length, 0);
        return bytes;
      };
    `,
    ],
  ])("%s is judged by what a new start of it reads, at lines of its own", limit, (_, name, text) => {
    const { status, stdout } = check(moduleOf(text, name));
    expect(stdout).toMatch(/^ {2}posix +\d+ +LOSES the document$/m);
    expect(stdout).toMatch(/^LOSES the document \(posix, ext4-ordered, ext4-noauto\)$/m);
    expect(stdout).toMatch(new RegExp(`at [^/ ]+/${name}:\\d+ may persist before`));
    expect(stdout).toContain("bytes that are neither version");
    expect(status).toBe(1);
  });

  test("in what a CommonJS module requires is judged so too", limit, () => {
    const path = moduleOf(`module.exports = require("./inner.cjs");`, "outer.cjs");
    writeFileSync(join(dirname(path), "inner.cjs"), `const fs = require("node:fs"); ${cached}`);
    expect(check(path).stdout).toMatch(/^ {2}xfs +\d+ +LOSES the document$/m);
  });

  test("in an ES module that it imports is refused", limit, () => {
    const path = moduleOf(`export { save, load } from "./inner.mjs";`, "outer.mjs");
    const inner = cached.replaceAll("exports.", "export const ");
    writeFileSync(join(dirname(path), "inner.mjs"), `import fs from "node:fs"; ${inner}`);
    const { status, stderr } = check(path);
    expect(stderr).toContain("load gives back what was saved last, whatever the disk holds");
    expect(status).toBe(2);
  });

  test("and saves with care survives", limit, () => {
    const text = readFileSync(fixture("careful.cjs"), "utf8");
    const path = moduleOf(
      `${text}
      const { save, load } = module.exports;
      const cache = new Map();
      exports.save = async (path, bytes) => { await save(path, bytes); cache.set(path, Buffer.from(bytes)); };
      exports.load = async (path) => cache.get(path) ?? load(path);`,
      "module.cjs",
    );
    const { status, stdout } = check(path);
    expect(stdout).toMatch(/^ {2}posix +\d+ +survives every disk that load can tell apart$/m);
    expect(status).toBe(0);
  });
});

describe("an error that nobody handles", () => {
  const saved = `
    import fs from "node:fs";
    export const save = (path, bytes) => {
      fs.writeFileSync(path + ".tmp", bytes);
      fs.renameSync(path + ".tmp", path);
    };
  `;

  test.each([
    ["thrown from a timer", `setTimeout(() => { throw new Error("late"); }, 1)`, "uncaught error: late"],
    ["of a promise", `Promise.reject(new Error("lost"))`, "unhandled rejection: lost"],
    ["of abort()", "process.abort()", "abort"],
  ])("%s on what a crash left is a finding", limit, (_, fails, why) => {
    const path = moduleOf(`${saved}
      export const load = (path) => {
        const bytes = fs.readFileSync(path);
        if (bytes.length > 0 && !bytes.includes(0)) return bytes;
        ${fails};
        return ${fails.startsWith("setTimeout") ? "new Promise(() => {})" : `"the old version\\n".repeat(40)`};
      };
    `);
    const { status, stdout, stderr } = check(path);
    expect(stdout).toMatch(/^ {2}posix +\d+ +LOSES the document$/m);
    expect(stdout).toContain(`Outcome: it ends its process (${why})`);
    expect([status, stderr]).toEqual([1, ""]);
  });

  test("without any crash is refused, with its words", limit, () => {
    const path = moduleOf(`${saved}
      export const load = (path) => new Promise(() => setTimeout(() => { throw new Error("late"); }, 1));
    `);
    const { status, stderr } = check(path);
    expect(stderr).toBe(
      "holdfast: without any crash, save and load fail: it ends its process (uncaught error: late)\n",
    );
    expect(status).toBe(2);
  });
});

test("an object of a class may be exported, whose functions use it", limit, () => {
  const path = moduleOf(`
    import fs from "node:fs";
    class Store {
      #fs = fs;
      save(path, bytes) { this.#fs.writeFileSync(path, bytes); }
      load(path) { return this.#fs.readFileSync(path); }
    }
    export default new Store();
  `);
  expect(check(path).stdout).toMatch(/^ {2}posix +\d+ +LOSES the document$/m);
});

// Each is CLI_MODULE_UNFIT.
test.each([
  ["a file that is not there", () => join(scratch(), "missing.mjs"), "there is no file"],
  ["a file of another kind", () => moduleOf("", "module.json"), "is no .js, .mjs or .cjs file"],
  ["a module that throws", () => moduleOf("throw new Error('not today')"), "cannot be loaded: not today"],
  ["other exports", () => moduleOf("export const save = 1"), "does not export the two functions"],
  [
    "a save elsewhere",
    () => moduleOf("export const save = () => {}; export const load = () => ''"),
    "wrote nothing below",
  ],
  [
    "a load of something else",
    () => moduleOf("import fs from 'node:fs'; export const save = fs.writeFileSync; export const load = () => 'x'"),
    "does not give back what save was given",
  ],
  [
    "a load of no bytes",
    () => moduleOf("import fs from 'node:fs'; export const save = fs.writeFileSync; export const load = () => 5"),
    "neither bytes nor text",
  ],
  [
    "a save that fails",
    () => moduleOf("export const save = () => { throw new Error('no') }; export const load = save"),
    "without any crash",
  ],
  [
    "a save with a callback",
    () =>
      moduleOf(`
        import fs from "node:fs";
        export const save = (path, bytes, done) => fs.writeFile(path, bytes, done);
        export const load = (path, done) => fs.readFile(path, done);
      `),
    "save takes 3 arguments: if the last one is a callback, export a function that returns a promise",
  ],
  [
    "a load with a callback",
    () =>
      moduleOf(`
        import fs from "node:fs";
        export const save = (path, bytes) => fs.writeFileSync(path, bytes);
        export const load = (path, done) => void setImmediate(() => done(undefined, fs.readFileSync(path)));
      `),
    "load takes 2 arguments",
  ],
  [
    "a save of more than can be judged",
    () =>
      moduleOf(`
        import fs from "node:fs";
        const room = Buffer.alloc(20_000_000);
        fs.mkdirSync("/crash/room", { recursive: true });
        export const save = (path, bytes) => {
          fs.mkdirSync("/crash/room", { recursive: true });
          fs.writeFileSync("/crash/room/full", room);
          fs.writeFileSync(path, bytes);
        };
        export const load = (path) => fs.readFileSync(path);
      `),
    "save leaves 20,000,640 bytes, and what is judged is 1,048,576 at most",
  ],
  ["an end of the process", () => moduleOf("process.exit(3)"), "exit code 3"],
  [
    "a promise that never settles",
    () => moduleOf("export const save = () => new Promise(() => {}); export const load = save"),
    "never settles",
  ],
])("%s is refused with exit code 2", limit, (_, make, why) => {
  const { status, stderr } = check(make());
  expect(stderr).toContain(why);
  expect(status).toBe(2);
});

test.each([
  [["--html", "x"]],
  [["--deadline-seconds", "5"]],
  [["--module", "x", "--deadline-seconds", "0"]],
  [["--module", "x", "--keep"]],
  [["--module", "x", "--file", "y"]],
  [["--module", ""]],
])("%s is wrong usage", limit, (args) => {
  const { status, stderr } = run(...args);
  expect(stderr).toContain("Usage: holdfast help tour");
  expect(status).toBe(2);
});
