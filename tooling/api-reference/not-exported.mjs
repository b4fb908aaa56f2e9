// What public declarations speak of and no entry exports, by package. `npm run docs -- --check` fails on a name that is missing here, and on
// one that is exported, or that nothing public speaks of.

/** Of what only our own calls make, and hand out as a whole: nobody has to name the parts. */
const parts = {
  "@holdfast/fs-seam": ["Chosen", "FsState", "Payload", "Storage", "TouchIndex"],
  "@holdfast/lsm-tree": [
    ...["BatchTarget", "RangeReader", "MemtableEntries", "Run", "NewTableDetails", "ViewCursorOptions"],
    ...["TableBlocks", "TableFile", "TablePin", "ReadAhead"],
  ],
  "@holdfast/store": ["ReadingParts"],
  "@holdfast/wal": ["FrameSource", "IndexedPlace"],
};

/** Short for a type that stands in one place: what is asked for is plain where it is used. */
const abbreviations = {
  "@holdfast/fs-seam": ["fsOperations", "timedOperations"],
  "@holdfast/lsm-tree": ["DirectoryOptions"],
  "@holdfast/sidx-footer": ["Segment"],
  "@holdfast/store": ["StoredCheck", "UpcastCheck"],
  "@holdfast/wal": ["LookOptions", "RefusalCode"],
};

/** Their names. */
export function notExported(packageName) {
  return [...(parts[packageName] ?? []), ...(abbreviations[packageName] ?? [])];
}
