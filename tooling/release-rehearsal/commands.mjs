// How the rehearsal starts npm, pnpm and changesets: in a chosen directory, against the loopback registry, with nothing
// of the user's cache.
import { spawn } from "node:child_process";

export class CommandFailed extends Error {
  name = "CommandFailed";
}

/**
 * @param {{ registry: string, cache: string, scriptShell?: string }} settings where packages come from, an npm cache of
 * our own, and the shell that npm would run install scripts with
 */
export function commandEnvironment({ registry, cache, scriptShell }) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^npm_(?:lifecycle_|package_|config_(?:loglevel|registry|cache|script_shell))/i.test(name),
  );
  const bypass = [process.env.NO_PROXY, "127.0.0.1"].filter(Boolean).join(",");
  return {
    ...Object.fromEntries(inherited),
    npm_config_registry: registry,
    npm_config_cache: cache,
    // npm publishes only when it has some token; this registry accepts any.
    [`npm_config_${registry.slice("http:".length)}:_authToken`]: "rehearsal",
    npm_config_update_notifier: "false",
    npm_config_audit: "false",
    npm_config_fund: "false",
    ...(scriptShell === undefined ? {} : { npm_config_script_shell: scriptShell }),
    NO_PROXY: bypass,
    no_proxy: bypass,
    CI: "true",
  };
}

/** Runs a command to its end and returns its stdout; a failure carries everything it said. */
export function command(program, args, { cwd, env }) {
  return new Promise((resolve, reject) => {
    const shell = process.platform === "win32" && program !== process.execPath;
    const child = spawn(program, args, { cwd, env, shell, stdio: ["ignore", "pipe", "pipe"] });
    const said = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text) => (said.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (said.stderr += text));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(said.stdout);
      else reject(new CommandFailed(`${program} ${args.join(" ")} ended with ${code}\n${said.stdout}${said.stderr}`));
    });
  });
}
