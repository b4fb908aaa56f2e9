import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import chromium from "@sparticuz/chromium";
import { chromium as driver, type Browser } from "playwright-core";

/**
 * A headless browser: Chromium as it ships in an npm package, which is built for Linux on x64, or else one that is installed.
 */
export type FoundBrowser =
  | { readonly kind: "browser"; readonly browser: Browser; readonly close: () => Promise<void> }
  | { readonly kind: "none"; readonly reason: string };

const installed = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];

/** Throws instead of finding none where {@link mustHaveBrowser}. */
export async function openBrowser(): Promise<FoundBrowser> {
  // The package unpacks into the directory for temporary files and trusts what it finds there, so it gets one of its own.
  const scratch = mkdtempSync(join(tmpdir(), "holdfast-browser-"));
  const reasons: string[] = [];
  const before = process.env["TMPDIR"];
  const candidates: (() => Promise<string>)[] = installed.filter(existsSync).map((path) => () => Promise.resolve(path));
  if (process.platform === "linux" && process.arch === "x64") {
    chromium.setGraphicsMode = false;
    candidates.unshift(() => chromium.executablePath());
  }
  try {
    process.env["TMPDIR"] = scratch;
    for (const candidate of candidates) {
      try {
        const executablePath = await candidate();
        const browser = await driver.launch({ executablePath, args: flags });
        const close = async (): Promise<void> => {
          await browser.close();
          rmSync(scratch, { recursive: true, force: true });
        };
        return { kind: "browser", browser, close };
      } catch (error) {
        reasons.push(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
      }
    }
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
  rmSync(scratch, { recursive: true, force: true });
  const reason = `no headless Chromium here: ${reasons.join("; ") || "none for this platform"}`;
  if (mustHaveBrowser(process.env["CI"], process.platform, process.arch)) throw new Error(reason);
  return { kind: "none", reason };
}

/** Whether a missing browser is a failure and no reason to skip: in CI, on the platform that the package is built for. */
export function mustHaveBrowser(ci: string | undefined, platform: string, arch: string): boolean {
  return ci !== undefined && ci !== "" && ci !== "false" && platform === "linux" && arch === "x64";
}
