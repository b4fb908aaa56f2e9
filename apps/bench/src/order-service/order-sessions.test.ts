// The same service on every backend, as the command runs it: on the disk, killed there, in memory, and on a simulated machine.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
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

function command(...args: readonly string[]): {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
} {
  return spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
}

test("the command says what it found, twice the same where nothing is left to chance", () => {
  const simulated = command("--backend", "sim", "--orders", "20", "--seed", "3");
  expect(simulated).toMatchObject({ status: 0, stderr: "" });
  expect(simulated.stdout).toMatch(/^run 1: [\d.]+ ms, \d+ commands, .* caught up\n/);
  expect(command("--backend", "sim", "--orders", "20", "--seed", "3").stdout).toBe(simulated.stdout);
  const real = command("--orders", "20", "--directory", join(scratch(), "shop"));
  expect(real).toMatchObject({ status: 0, stderr: "" });
  expect(real.stdout).toMatch(/durable, 100 at once .* commands\/s; the read model [\d,]+ events behind/);
  expect(real.stdout).toMatch(/kill -9 after [\d,]+ events .*\n {2}opened in .* it is what the events make\n$/);
  for (const [args, complaint] of [
    [["--backend", "disk"], "orders: --backend must be one of real, memory, crash, sim, not disk\n"],
    [["--orders", "0"], "orders: --orders must be a whole number from 1 to 1000000, not 0\n"],
    [["--backend", "sim", "--directory", "x"], "orders: --directory goes with --backend real\n"],
  ] as const) {
    expect(command(...args)).toMatchObject({ status: 1, stdout: "", stderr: complaint });
  }
});
