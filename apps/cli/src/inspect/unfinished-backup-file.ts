import { UNFINISHED_BACKUP } from "@holdfast/store/format";
import type { FileFormat } from "./file-format.js";
import { damage, isDamage } from "./line.js";
import { segmentFormat } from "./segment-file.js";

/** The first segment of a backup that was not finished, known by its name: docs/formats/store.md. */
export const unfinishedBackupFormat: FileFormat = {
  recognise: (_, name) => name === UNFINISHED_BACKUP,

  isHeader: () => false,

  *lines(file) {
    const { head, source, folder } = file;
    const all = { offset: 0, endOffset: source.sizeBytes };
    const reason = "a backup into this directory was not finished, so that it is no store; make it again";
    yield damage("torn", all, "STORE_UNFINISHED", reason);
    if (!segmentFormat.isHeader(head)) return;
    // Any part of it may be missing, which is no further damage.
    const alone = { name: folder.name, siblings: [] };
    for (const line of segmentFormat.lines({ ...file, folder: alone })) if (!isDamage(line)) yield line;
  },
};
