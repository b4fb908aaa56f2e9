// Judges the module of its first argument, and sends the outcome to the process that started it. A process of its own,
// because a module that is under test may do anything to the one it runs in.
import { judgedPersonalities } from "../tour/explore-save.js";
import { judgeModule } from "./judge-module.js";

const exit = process.exit.bind(process); // the module may not, while it is judged
process.on("disconnect", () => exit(1)); // nobody waits any more
process.channel?.unref(); // a module that waits for ever ends the process, instead of being waited for
const [path = ""] = process.argv.slice(2);
const outcome = await judgeModule(path, judgedPersonalities);
process.send?.(outcome, () => exit(0));
