// The same service on every backend, as the command runs it: on the disk, killed there, in memory, and on a simulated machine.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Directory, openDirectory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, onTestFinished, test } from "vitest";
import { killService } from "./kill-session.js";
import { eventsOf } from "./order-law.js";
import { openOrderService } from "./order-service.js";
import { orderTraffic } from "./order-traffic.js";
import { simulate } from "./sim-session.js";
import { measureService } from "./timed-session.js";

const program = join(import.meta.dirname, "../../dist/orders.js");
const now = (): number => performance.now();

function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), "holdfast-orders-test-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test("on the disk, and again on the same directory", async () => {
  const directory = openDirectory(join(scratch(), "orders"), { create: true });
  const first = await measureService({ directory, orders: 30, seed: 1, now });
  expect(first.runs.map(({ rung, clients }) => [rung, clients])).toEqual([
    ["os", 1],
    ["data", 1],
    ["data", 100],
  ]);
  expect(first.events).toBeGreaterThan(300);
  const second = await measureService({ directory, orders: 30, seed: 1, now });
  expect(second.events).toBe(2 * first.events);
});

test("in memory", async () => {
  const report = await measureService({ directory: new Directory(new MemoryFs()), orders: 30, seed: 2, now });
  const [, oneByOne] = report.runs;
  expect(oneByOne?.commands).toBe([...orderTraffic({ orders: 3, seed: 3 })].length);
});

test("what was acknowledged is there after kill -9, and the read model catches up by itself", async () => {
  const path = scratch();
  for (const seed of [1, 2]) {
    const options = { path, seed, killAfter: seed * 400, program, leading: ["--serve-until-killed"], now };
    const report = await killService(options);
    expect(report.acknowledged).toBeGreaterThanOrEqual(seed * 400);
    expect(report.events).toBeGreaterThanOrEqual(report.acknowledged);
    expect(report.view).toBeGreaterThan(0);
  }
});

/** Every stream of a service that nothing happens to. */
async function undisturbed(orders: number, seed: number): Promise<Map<string, string[]>> {
  await using service = await openOrderService({ directory: new Directory(new MemoryFs()) });
  for (const command of orderTraffic({ orders, seed })) service.execute(command);
  return streamsOf(eventsOf(service.store));
}

function streamsOf(events: Awaited<ReturnType<typeof simulate>>["events"]): Map<string, string[]> {
  const streams = new Map<string, string[]>();
  for (const { entity, name, data } of events) {
    streams.set(entity, [...(streams.get(entity) ?? []), `${name} ${JSON.stringify(data)}`]);
  }
  return streams;
}

test("on a simulated machine whose power fails twice, every command is done once, and one seed is one run", async () => {
  const report = await simulate({ orders: 60, seed: 1, crashes: 2 });
  expect(report.runs.map(({ end }) => end)).toEqual(["power lost", "power lost", "closed"]);
  expect(report.runs.some(({ unanswered }) => unanswered > 0)).toBe(true);
  for (const { found, durable } of report.runs) expect(found.events).toBeGreaterThanOrEqual(durable);
  expect(report.events.length).toBeGreaterThan(300);
  expect(streamsOf(report.events)).toEqual(await undisturbed(60, 1));
  expect(await simulate({ orders: 60, seed: 1, crashes: 2 })).toEqual(report);
  expect((await simulate({ orders: 60, seed: 2, crashes: 1 })).hash).not.toBe(report.hash);
});

test("runs of any size end in peace, also those that are over before the power fails", async () => {
  const ends = new Map<string, number>();
  for (const [orders, seeds] of [
    [1, 12],
    [3, 16],
    [10, 4],
  ] as const) {
    for (let seed = 1; seed <= seeds; seed += 1) {
      const { runs, events } = await simulate({ orders, seed, crashes: 2 });
      expect(runs.at(-1)?.end).toBe("closed");
      expect(streamsOf(events), `--orders ${orders} --seed ${seed}`).toEqual(await undisturbed(orders, seed));
      const each = runs.map(({ end }) => end).join(", ");
      ends.set(each, (ends.get(each) ?? 0) + 1);
    }
  }
  expect([...ends.keys()].toSorted()).toEqual(["power lost, closed", "power lost, power lost, closed"]);
  expect(ends.get("power lost, power lost, closed")).toBeGreaterThan(16); // of 32: what is drawn falls into most runs
});

function command(...args: readonly string[]): {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
} {
  return spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
}

/** What the README shows below a command line, up to the next one. */
function sampleOf(commandLine: string): string {
  const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
  const [, behind = ""] = readme.split(`$ ${commandLine}\n`);
  return behind.split(/^(?:\$ |```)/m)[0] ?? "";
}

// Whatever changes what the packages write changes the sample: it is what this command prints.
test("the command prints what the README shows, to the byte where nothing is left to chance", () => {
  const simulated = command("--backend", "sim");
  expect(simulated).toMatchObject({ status: 0, stderr: "" });
  expect(simulated.stdout).toBe(sampleOf("npm run orders -- --backend sim"));
  expect(simulated.stdout).toMatch(
    /^run 1: .* power lost .*\nrun 2: .* power lost .*\nrun 3: .* closed; .*\nseed 1: .*\n$/,
  );
  const real = command("--orders", "20", "--directory", join(scratch(), "shop"));
  expect(real).toMatchObject({ status: 0, stderr: "" });
  expect(real.stdout).toMatch(/durable, 100 at once .* commands\/s; the read model [\d,]+ events behind/);
  expect(real.stdout).toMatch(/kill -9 after [\d,]+ events .*\n {2}opened in .* it is what the events make\n$/);
  for (const [args, complaint] of [
    [["--backend", "disk"], "orders: --backend must be one of real, memory, crash, sim, not disk\n"],
    [["--orders", "0"], "orders: --orders must be a whole number from 1 to 1000000, not 0\n"],
    [["--backend", "sim", "--directory", "x"], "orders: --directory goes with --backend real\n"],
    [["--directory", ""], "orders: --directory must name a directory, and is empty\n"],
  ] as const) {
    expect(command(...args)).toMatchObject({ status: 1, stdout: "", stderr: complaint });
  }
});

test("a directory of somebody else is refused in a sentence, and what fails says why", () => {
  const path = scratch();
  writeFileSync(join(path, "notes.txt"), "mine");
  const refused = command("--directory", path);
  const sentence =
    "orders: notes.txt in the directory is not of an order service: give an empty directory, or one of its own\n";
  expect(refused).toMatchObject({ status: 1, stdout: "", stderr: sentence });
  expect(readdirSync(path)).toEqual(["notes.txt"]);
  const under = join(path, "notes.txt", "below");
  const failed = command("--directory", under);
  expect(failed.status).toBe(1);
  expect(failed.stderr).toMatch(/^orders: .*\n {2}because: ENOTDIR: /);
});
