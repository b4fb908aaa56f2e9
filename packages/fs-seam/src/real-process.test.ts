import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { platformError } from "../test/support/real-scene.js";
import { currentProcess, processStateOf, type ProcessSources } from "./real-process.js";
import type { ProcessIdentity } from "./store-fs.js";

/** A machine with these files, links and processes. */
function machine(more: Partial<ProcessSources> & { files?: Record<string, string> } = {}): ProcessSources {
  const files: Record<string, string> = {
    "/proc/42/stat": statLine("(node)", "S", 11, 777),
    "/proc/sys/kernel/random/boot_id": "boot-one\n",
    "/etc/machine-id": "machine\n",
    ...more.files,
  };
  return {
    platform: "linux",
    pid: 42,
    hostname: () => "host",
    readText: (path) => files[path] ?? fail("ENOENT"),
    readLink: (path) => (path === "/proc/self/ns/pid" ? "pid:[1]" : fail("ENOENT")),
    probe: (pid) => void (files[`/proc/${pid}/stat`] ?? fail("ESRCH")),
    ...more,
  };
}

function fail(errno: string): never {
  throw platformError(errno);
}

function statLine(name: string, state: string, threads: number, startTime: number): string {
  const numbers = Array.from({ length: 49 }, (_, index) => (index === 16 ? threads : index === 18 ? startTime : index));
  return `42 ${name} ${state} ${numbers.join(" ")}\n`;
}

describe("this process", () => {
  test("is named by pid, start, boot, machine and namespace", () => {
    const self = currentProcess();
    expect(self.pid).toBe(process.pid);
    expect(self.startTime).toMatch(/^[0-9]+$/);
    expect(readFileSync("/proc/self/stat", "latin1")).toContain(` ${self.startTime} `);
    expect(self.bootId).toMatch(/^[0-9a-f-]{36}$/);
    expect(self.host).toContain("pid:[");
    expect(currentProcess()).toEqual(self);
    expect(processStateOf(self, self)).toBe("alive");
  });

  test("has the same name in every thread of it", async () => {
    const code = 'require("node:worker_threads").parentPort.postMessage(require("node:process").pid)';
    const worker = new Worker(code, { eval: true });
    expect(await new Promise((resolve) => worker.once("message", resolve))).toBe(currentProcess().pid);
    await worker.terminate();
  });

  test("is read from the fields of its stat line, whatever its program is called", () => {
    const name = "(a) S 1 (b))";
    const sources = machine({ files: { "/proc/42/stat": statLine(name, "R", 1, 777) } });
    expect(currentProcess(sources)).toEqual({
      pid: 42,
      startTime: "777",
      bootId: "boot-one",
      host: "host|machine|pid:[1]",
    });
  });

  test("is named by what there is where /proc and the machine id are missing", () => {
    const bare = machine({ readText: () => fail("ENOENT"), readLink: () => fail("EACCES") });
    expect(currentProcess(bare)).toEqual({ pid: 42, startTime: "", bootId: "", host: "host||" });
    for (const platform of ["darwin", "win32"] as const) {
      const identity = currentProcess(machine({ platform }));
      expect(identity).toEqual({ pid: 42, startTime: "", bootId: "", host: "host" });
    }
  });
});

describe("another process", () => {
  const self = currentProcess(machine());
  const state = (change: Partial<ProcessIdentity>, sources = machine()) =>
    processStateOf({ ...self, ...change }, self, sources);

  test("runs while its start time is the same", () => {
    expect(state({})).toBe("alive");
    expect(state({ startTime: "" })).toBe("alive");
  });

  test("is dead when its pid belongs to nobody, or to a later process", () => {
    expect(state({ pid: 43 })).toBe("dead");
    expect(state({ startTime: "776" })).toBe("dead");
  });

  test("is dead when it ran before this boot", () => {
    expect(state({ bootId: "boot-zero" })).toBe("dead");
    expect(state({ bootId: "" })).toBe("alive");
  });

  test("cannot be judged from another host, whatever its pid", () => {
    expect(state({ host: "other|machine|pid:[1]", pid: 43 })).toBe("unknown");
    expect(state({ host: "host|machine|pid:[2]", bootId: "boot-zero" })).toBe("unknown");
  });

  test.each([0, -1, 1.5, Number.NaN])("the pid %d names nobody, and no group is asked", (pid) => {
    let probed = 0;
    const sources = machine({ probe: () => void (probed += 1) });
    expect(state({ pid }, sources)).toBe("unknown");
    expect(probed).toBe(0);
  });

  test.each([
    ["Z", 1, "dead"],
    ["X", 0, "dead"],
    ["Z", 2, "alive"], // its first thread has ended, and another may still be writing
    ["D", 1, "alive"],
  ])("in state %s with %d threads is %s", (letter, threads, expected) => {
    expect(state({}, machine({ files: { "/proc/42/stat": statLine("(node)", letter, threads, 777) } }))).toBe(expected);
  });

  test("that hides in /proc and answers signals cannot be judged", () => {
    for (const errno of ["ENOENT", "EACCES"]) {
      const hidden = { readText: () => fail(errno) };
      expect(state({}, machine({ ...hidden, probe: () => undefined }))).toBe("unknown");
      expect(state({}, machine({ ...hidden, probe: () => fail("EPERM") }))).toBe("unknown");
      expect(state({}, machine({ ...hidden, probe: () => fail("ESRCH") }))).toBe("dead");
    }
    expect(state({}, machine({ files: { "/proc/42/stat": "garbage" } }))).toBe("unknown");
  });

  test("is judged by its pid alone where that is all there is", () => {
    const mac = machine({ platform: "darwin" });
    const own = currentProcess(mac);
    expect(processStateOf(own, own, mac)).toBe("alive");
    expect(processStateOf({ ...own, pid: 43 }, own, mac)).toBe("dead");
    const probes = { EPERM: "alive", ESRCH: "dead", EINVAL: "unknown" } as const;
    for (const [errno, expected] of Object.entries(probes)) {
      expect(processStateOf(own, own, machine({ platform: "darwin", probe: () => fail(errno) }))).toBe(expected);
    }
  });

  test("is dead once killed, reaped or not", async () => {
    const child = spawn("sleep", ["60"]);
    await new Promise((resolve) => child.once("spawn", resolve));
    const own = currentProcess();
    const pid = child.pid ?? 0;
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ");
    const identity = { ...own, pid, startTime: fields?.[19] ?? "" };
    expect(processStateOf(identity, own)).toBe("alive");
    expect(processStateOf({ ...identity, startTime: "1" }, own)).toBe("dead");
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    expect(processStateOf(identity, own)).toBe("dead");
  });
});
