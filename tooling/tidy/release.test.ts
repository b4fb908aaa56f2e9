// What a release needs, and what no rehearsal on loopback shows: the workflow that publishes, provenance, changelogs.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { listFiles, readManifest, readText, root, workspace } from "./repository.ts";

interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Job {
  readonly steps: readonly Step[];
  readonly needs?: string;
  readonly permissions?: Readonly<Record<string, string>>;
}

interface Workflow {
  readonly jobs: Readonly<Record<string, Job>>;
}

const paths = listFiles();
const rootManifest = readManifest(".");
const published = workspace(paths).filter(({ manifest }) => manifest.private !== true);
const workflows = paths
  .filter((path) => path.startsWith(".github/workflows/"))
  .map((path) => ({ path, workflow: parse(readText(path)?.text ?? "") as Workflow }));

function steps({ jobs }: Workflow): readonly Step[] {
  return Object.values(jobs).flatMap((job) => job.steps);
}

describe.each(workflows)("$path", ({ workflow }) => {
  test("runs only commands that are there", () => {
    const commands = steps(workflow)
      .flatMap(({ run, with: inputs }) => [run, inputs?.["version"], inputs?.["publish"]])
      .filter((command) => command !== undefined);
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) {
      const script = /^(?:npm run|npx -y pnpm@[\d.]+) ([\w:-]+)/.exec(command)?.[1];
      const there = script === "install" || Object.hasOwn(rootManifest.scripts ?? {}, script ?? "");
      expect(there || existsSync(`${root}/${command}`), command).toBe(true);
    }
  });

  test("asks for the pnpm of the manifest and the Node that is supported", () => {
    const text = JSON.stringify(workflow);
    const { packageManager } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as { packageManager: string };
    for (const [pnpm] of text.matchAll(/pnpm@[\d.]+/g)) expect(pnpm).toBe(packageManager);
    expect(steps(workflow).flatMap(({ with: inputs }) => inputs?.["node-version"] ?? [])).toContain("20");
  });
});

describe("publishing", () => {
  const jobs = workflows.flatMap(({ workflow }) =>
    Object.values(workflow.jobs).map((job) => ({ ...job, beside: workflow.jobs })),
  );
  const publishing = jobs.filter((job) => job.steps.some((step) => step.with?.["publish"] !== undefined));

  test("one job publishes, behind another that runs everything and may write nothing", () => {
    expect(publishing).toHaveLength(1);
    const before = publishing[0]?.beside[publishing[0]?.needs ?? ""];
    expect(before?.steps.map(({ run }) => run)).toContain(".ci/run");
    expect(before?.permissions).toEqual({ contents: "read" });
    expect(publishing[0]?.steps.map(({ run }) => run)).not.toContain(".ci/run");
  });

  test("it may sign, and asks for provenance", () => {
    const job = publishing[0];
    expect(job?.permissions?.["id-token"]).toBe("write");
    const step = job?.steps.find((each) => each.with?.["publish"] !== undefined);
    expect(step?.env).toMatchObject({ NPM_CONFIG_PROVENANCE: "true" });
  });
});

describe.each(published)("$directory", ({ directory, manifest }) => {
  test("states what provenance must agree with, and does not ask for it where nobody can sign", () => {
    expect(manifest.repository).toEqual({ ...rootManifest.repository, directory });
    const { publishConfig } = JSON.parse(readFileSync(`${root}/${directory}/package.json`, "utf8")) as {
      publishConfig?: unknown;
    };
    expect(publishConfig).toEqual({ access: "public" });
  });

  test("its changelog is packed and begins with its version", () => {
    expect(manifest.files).toContain("CHANGELOG.md");
    const changelog = readText(`${directory}/CHANGELOG.md`)?.text ?? "";
    expect(changelog).toMatch(/^# @holdfast\/[\w-]+\n/);
    expect(/^## (\S+)$/m.exec(changelog)?.[1]).toBe(manifest.version);
  });
});
