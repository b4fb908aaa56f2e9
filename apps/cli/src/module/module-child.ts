// Judges the module of its first argument, and sends each verdict and the outcome to the process that started it. A process
// of its own, because a module that is under test may do anything to the one it runs in.
import { Worker } from "node:worker_threads";
import { judgedPersonalities } from "../tour/explore-save.js";
import { judgeModule } from "./judge-module.js";
import { Pulse, type WatchTask } from "./pulse.js";

const exit = process.exit.bind(process); // the module may not, while it is judged
process.on("disconnect", () => exit(1)); // nobody waits any more
process.channel?.unref(); // a module that waits for ever ends the process, instead of being waited for
const [path = "", busyMs = ""] = process.argv.slice(2);
const pulse = new Pulse();
const personalities = judgedPersonalities.map(({ name }) => name);
const task: WatchTask = { memory: pulse.memory, personalities, parent: process.ppid, busyMs: Number(busyMs) };
new Worker(new URL("./module-watch.js", import.meta.url), { workerData: task }).unref();
const outcome = await judgeModule(path, judgedPersonalities, {
  pulse,
  judged: (verdict) => new Promise((sent) => process.send?.(verdict, () => sent())),
});
process.send?.(outcome, () => exit(0));
