import { btrfs, ext4NoAuto, ext4Ordered, xfs, type Personality } from "@holdfast/fs-seam/crash";

/** The table of `docs/personalities.md`: what each real file system does, and the programs that show it. */

const measured: readonly Personality[] = [ext4Ordered, ext4NoAuto, xfs, btrfs];

function valueOf(personality: Personality, field: string): string {
  const [group = "", name] = field.split(".");
  const whole: unknown = personality[group as keyof Personality]; // fields of the rules exist, a test checks it
  const value: unknown = name === undefined ? whole : (whole as Readonly<Record<string, unknown>>)[name];
  return Array.isArray(value) ? value.join(", ") || "never" : String(value);
}

/** The tables in Markdown, one for each file system. */
export function personalityTables(): string {
  return measured
    .map((personality) => {
      const { kernel, mount, rules } = personality.evidence ?? { kernel: "", mount: "", rules: [] };
      const rows = rules.map(({ field, says, witnesses }) => {
        const value = valueOf(personality, field);
        return `| \`${field}\` | ${value} | ${says} | ${witnesses.join(", ")} |`;
      });
      const head = ["| rule | value | what it says | witnesses |", "|---|---|---|---|"];
      return [`### \`${personality.name}\``, "", `${kernel}, mounted with ${mount}.`, "", ...head, ...rows].join("\n");
    })
    .join("\n\n");
}
