import { btrfs, ext4NoAuto, ext4Ordered, xfs, type Personality } from "@holdfast/fs-seam/crash";

import { tightnessByRule } from "../src/litmus/litmus-check.js";
import { recordedSets } from "./litmus-sets.js";

/** The table of `docs/personalities.md`: what each real file system does, and the programs that show it. */

const measured: readonly Personality[] = [ext4Ordered, ext4NoAuto, xfs, btrfs];

function valueOf(personality: Personality, field: string): string {
  const [group = "", name] = field.split(".");
  const whole: unknown = personality[group as keyof Personality]; // fields of the rules exist, a test checks it
  const value: unknown = name === undefined ? whole : (whole as Readonly<Record<string, unknown>>)[name];
  return Array.isArray(value) ? value.join(", ") || "never" : String(value);
}

const recordedAs: Readonly<Record<string, string>> = { "ext4-ordered": "ext4" };

/** The tables in Markdown, one for each file system. */
export function personalityTables(): string {
  const shares = tightnessByRule(recordedSets());
  return measured
    .map((personality) => {
      const { kernel, mount, rules } = personality.evidence ?? { kernel: "", mount: "", rules: [] };
      const rows = rules.map(({ field, says, witnesses }) => {
        const value = valueOf(personality, field);
        const fs = recordedAs[personality.name] ?? personality.name;
        const share = shares.find((each) => each.fs === fs && each.field === field);
        const seen = share === undefined ? "" : `${Math.round((100 * share.states) / share.predicted)} %`;
        return `| \`${field}\` | ${value} | ${says} | ${witnesses.join(", ")} | ${seen} |`;
      });
      const head = ["| rule | value | what it says | witnesses | seen |", "|---|---|---|---|---|"];
      return [`### \`${personality.name}\``, "", `${kernel}, mounted with ${mount}.`, "", ...head, ...rows].join("\n");
    })
    .join("\n\n");
}
