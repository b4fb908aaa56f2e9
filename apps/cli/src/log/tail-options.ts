import { parseArgs } from "node:util";
import { eventFilterOptions, type EventFilter } from "../inspect/event-filter.js";
import { eventFilterOf, onePath, usage, wholeNumber } from "../inspect/inspect-options.js";

export const tailHelp = `holdfast tail: the last events of a store, or records of a log, and those that come

Usage: holdfast tail DIR [--count N] [--follow] [--entity NAME] [--lane N] [--kind N] [--json]

  DIR            the directory of a store or log; read beside whoever writes it, and never changed
  --count N      begin with the last N; default 10
  --follow       go on with those that come, until SIGINT or SIGTERM
  --entity NAME, --lane N, --kind N
                 of these, only events of this entity, lane or kind
  --json         one JSON object a line: docs/dump.md explains kinds and fields, which are stable

What is shown has been handed to the system: after a power loss, the last of it may be gone.

Exit code: 0 all was read, or following was ended; 1 there is damage: what could be read was printed; 2 wrong usage, no log, or
something that cannot be read.
`;

/** What `tail` is asked for. */
export interface TailOptions {
  readonly path: string;
  readonly count: number;
  readonly follow: boolean;
  readonly filter: EventFilter | undefined;
  readonly json: boolean;
}

/** Reads the arguments behind `tail`; undefined when help is asked for. Throws `CLI_USAGE`. */
export function parseTailOptions(args: readonly string[]): TailOptions | undefined {
  const { entity, lane, kind } = eventFilterOptions;
  const { values, positionals } = usage(() =>
    parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...{ entity, lane, kind },
        count: { type: "string" },
        follow: { type: "boolean", short: "f", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }),
  );
  if (values.help) return undefined;
  return {
    path: onePath("tail", positionals, "the directory of a store or log"),
    count: wholeNumber("count", values.count, Number.MAX_SAFE_INTEGER) ?? 10,
    follow: values.follow,
    filter: eventFilterOf(values),
    json: values.json,
  };
}
