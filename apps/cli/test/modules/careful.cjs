// Temporary file, sync, rename, sync of the directory; promises and CommonJS.
const { open, readFile, rename } = require("node:fs/promises");
const path = require("node:path");

async function syncOf(file, flags, bytes) {
  const handle = await open(file, flags);
  try {
    if (bytes !== undefined) await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

module.exports = {
  async save(file, bytes) {
    await syncOf(`${file}.tmp`, "w", bytes);
    await rename(`${file}.tmp`, file);
    await syncOf(path.dirname(file), "r");
  },
  load: (file) => readFile(file, "utf8"),
};
