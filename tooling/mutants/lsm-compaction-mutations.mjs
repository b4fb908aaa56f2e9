// Compactions: what is picked, what is left out, where outputs end, what stopping and failing leave, and in which order work is done.
import { lsmArea, tests } from "./area.mjs";

const laws = [tests.lsmCompactionLaws];
const picker = [tests.lsmPicker];
const job = [tests.lsmCompactionJob];
const scheduler = [tests.lsmScheduler];
const compactor = [tests.lsmCompactor];

const pickerMutations = lsmArea("lsm picker", picker, [
  {
    what: "level 0 leaves tables that are on the way",
    file: "compaction/plan.ts",
    find: "inputs.push(...version.overlapping(level, smallest, largest));",
    put: "if (level === outputLevel) inputs.push(...version.overlapping(level, smallest, largest));",
  },
  {
    what: "what lies below is looked for in the range of the first tables alone",
    file: "compaction/plan.ts",
    find: "const { smallest, largest } = rangeOf(inputs);",
    put: "const { smallest, largest } = rangeOf(tables);",
  },
  {
    what: "tables of running jobs are taken",
    file: "compaction/picker.ts",
    find: "if (tables.some(({ tableNumber }) => busy.has(tableNumber))) return false;",
  },
  {
    what: "two jobs may write between each other's outputs",
    file: "compaction/picker.ts",
    find: "if (plan.outputLevel !== outputLevel) return true;",
    put: "return true;",
  },
  {
    what: "unreadable tables are taken",
    file: "compaction/picker.ts",
    find: "new Set([...unreadable, ...running",
    put: "new Set([...running",
  },
  {
    what: "inside level 0 a busy table is stepped over",
    file: "compaction/picker.ts",
    find: "if (busy.has(table.tableNumber)) break;",
    put: "if (busy.has(table.tableNumber)) continue;",
  },
  {
    what: "S12: inside level 0 tables of any size are merged",
    file: "compaction/picker.ts",
    find: "if (inputs.length > 0 && table.bytes > Math.max(bytes, 2 * inputs[0]!.bytes)) break;",
  },
  {
    what: "level 0 is always merged into the last level",
    file: "compaction/level-targets.ts",
    find: "if (bytes <= BASE_RATIO * incomingBytes) base = level;",
    put: "base = level;",
  },
  {
    what: "deletes have no weight",
    file: "compaction/level-targets.ts",
    find: "bytes + Math.max(0, 2 * deleteCount - entryCount) * 2 * averageEntryBytes",
    put: "bytes + 0 * deleteCount * entryCount * averageEntryBytes",
  },
  {
    what: "the pointer is not looked at",
    file: "compaction/picker.ts",
    find: "tables[(Math.max(behind, 0) + at) % tables.length]!",
    put: "tables[(0 * behind + at) % tables.length]!",
  },
  {
    what: "of a level the worst table goes",
    file: "compaction/picker.ts",
    find: "if (ratio >= best) continue;",
    put: "if (best !== Infinity && ratio <= best) continue;",
  },
  {
    what: "more tables go along whatever they meet",
    file: "compaction/picker.ts",
    find: "const isFree = below(more) === below(inputs) && bytesOf",
    put: "const isFree = below(more) >= below(inputs) && bytesOf",
  },
  {
    what: "level 0 waits for others although it delays writes",
    file: "compaction/picker.ts",
    find: "need: length >= LEVEL0_SLOWDOWN ? Infinity : length / LEVEL0_TRIGGER",
    put: "need: length / LEVEL0_TRIGGER",
  },
  {
    what: "tables that overlap are moved",
    file: "compaction/picker.ts",
    find: "if (inputs.some(({ level }) => level === outputLevel) || doOverlap(inputs)) return false;",
    put: "if (inputs.some(({ level }) => level === outputLevel)) return false;",
  },
  {
    what: "tables are moved over what they have to be merged with",
    file: "compaction/picker.ts",
    find: "if (inputs.some(({ level }) => level === outputLevel) || doOverlap(inputs)) return false;",
    put: "if (doOverlap(inputs)) return false;",
  },
  {
    what: "deletes are moved to the bottom",
    file: "compaction/picker.ts",
    find: "return table.deleteCount === 0 || isAnythingBelow(version, table, outputLevel);",
    put: "return true;",
  },
  {
    what: "tables are moved over any number of those below",
    file: "compaction/picker.ts",
    find: "if (below > LEVEL_RATIO * targetTableBytes) return false;",
  },
  {
    what: "small tables are moved one by one",
    file: "compaction/picker.ts",
    find: "if (inputs.length > 1 && inputs.some(({ bytes }) => bytes < targetTableBytes / 4)) return false;",
  },
  {
    what: "a table beside goes along however large it is",
    file: "compaction/picker.ts",
    find: "table.bytes <= bytes && isIdle",
    put: "isIdle",
  },
  {
    what: "a range stops above the last level with data",
    file: "compaction/range-walk.ts",
    find: "while (this.#level <= last) {",
    put: "while (this.#level < last) {",
  },
  {
    what: "a range rewrites what it has just written",
    file: "compaction/range-walk.ts",
    find: "table.tableNumber > this.#newestBefore || table.maxSeqno === 0",
    put: "table.maxSeqno === 0",
  },
  {
    what: "debt forgets level 0",
    file: "compaction/level-targets.ts",
    find: "debt = incoming + version.bytes(base);",
  },
  {
    what: "writes are not delayed by level 0",
    file: "compaction/pressure.ts",
    find: "Math.max(0, level0Tables - LEVEL0_SLOWDOWN + 1)",
    put: "Math.min(0, level0Tables)",
    tests: [tests.lsmPressure],
  },
  {
    what: "writes wait for what has failed",
    file: "compaction/pressure.ts",
    find: 'return state.isFlushStuck ? { kind: "refuse", because: "flush" } :',
    put: "return",
    tests: [tests.lsmPressure],
  },
  {
    what: "writes never wait for memtables",
    file: "compaction/pressure.ts",
    find: "if (sealedMemtables >= MOST_SEALED)",
    put: "if (sealedMemtables > MOST_SEALED)",
    tests: [tests.lsmPressure],
  },
]);

const jobMutations = lsmArea("lsm compaction", job, [
  {
    what: "S7: a job that is stopped ends as if it were done",
    file: "work-slices.ts",
    find: "if (signal === undefined) return;",
    put: "if (signal === undefined || signal.aborted) return;",
  },
  {
    what: "S7: inputs that were not read to the end are replaced",
    file: "compaction/job.ts",
    find: "if (this.entriesRead !== this.#entryCount)",
    put: "if (this.entriesRead > 1e9)",
  },
  {
    what: "what was written stays when a job fails",
    file: "compaction/job.ts",
    find: "merge.outputs.abandon();",
  },
  {
    what: "tables that were finished stay when a job fails",
    file: "compaction/output-tables.ts",
    find: "for (const { tableNumber } of this.finished.splice(0)) discard(() => tables.remove(tableNumber));",
  },
  {
    what: "a table that was begun stays when a job fails",
    file: "compaction/output-tables.ts",
    find: "discard(() => this.#open?.abandon());",
  },
  {
    what: "what cannot be removed hides why a job failed",
    file: "compaction/output-tables.ts",
    find: "try { run(); } catch {",
    put: "run(); try { } catch {",
  },
  {
    what: "tables stay pinned",
    file: "compaction/job.ts",
    find: "for (const run of this.#runs) run.close();",
  },
  {
    what: "names of outputs are not durable before the edit",
    file: "compaction/job.ts",
    find: "await slices.wait(tables.syncNames());",
  },
  {
    what: "the last output is not completed",
    file: "compaction/job.ts",
    find: "await slices.pause(); await this.#finishTable(); await slices.wait",
    put: "await slices.pause(); await slices.wait",
  },
  {
    what: "writes that nobody may see yet are compacted",
    file: "compaction/job.ts",
    find: "maxSeqno > context.visibleSeqno",
    put: "maxSeqno > 1e15",
  },
  {
    what: "snapshots are not looked at",
    file: "compaction/job.ts",
    find: "this.#rules = new DropRules({ snapshots,",
    put: "this.#rules = new DropRules({ snapshots: [snapshots.length].slice(1),",
    tests: laws,
  },
  {
    what: "nothing outside is ever older",
    file: "compaction/job.ts",
    find: "mayHaveOlder: (entry) => older.mayHold(entry),",
    put: "mayHaveOlder: (entry) => older.mayHold(entry) && false,",
  },
  {
    what: "law 26: seqnos become 0 above other levels",
    file: "compaction/job.ts",
    find: "level <= outputLevel || version.overlapping(level, smallest, largest).length === 0",
    put: "level >= 0 || version.overlapping(level, smallest, largest).length === 0",
  },
  {
    what: "law 26: seqnos become 0 in level 0",
    file: "compaction/job.ts",
    find: "if (outputLevel === 0) return false;",
  },
  {
    what: "law 26: seqnos never become 0",
    file: "compaction/job.ts",
    find: 'else if (verdict === "keepAtZero") this.outputs.add(this.#zeroed.of(entry));',
    put: 'else if (verdict === "keepAtZero") this.outputs.add(entry);',
  },
  {
    what: "older tables of level 0 are forgotten",
    file: "compaction/older-tables.ts",
    find: "if (isInside) return true;",
  },
  {
    what: "newer tables of level 0 count as older",
    file: "compaction/older-tables.ts",
    find: "filter(({ minSeqno }) => minSeqno < newest)",
    put: "filter(({ minSeqno }) => minSeqno < newest + 1e9)",
  },
  {
    what: "deeper tables are looked at from the wrong end",
    file: "compaction/older-tables.ts",
    find: "compareBytes(smallest, 0, smallest.length, keyBytes, keyStart, keyEnd) <= 0) return true;",
    put: "compareBytes(smallest, 0, smallest.length, keyBytes, keyStart, keyEnd) < 0) return true;",
  },
  {
    what: "levels above the job count as older",
    file: "compaction/older-tables.ts",
    find: "outside.slice(Math.max(1, shallowest))",
    put: "outside.slice(1)",
    tests: [...job, ...laws],
  },
  {
    what: "a table ends between versions of one key",
    file: "compaction/output-tables.ts",
    find: "return isFull && !builder.endsWith(entry.keyBytes, entry.keyStart, entry.keyEnd);",
    put: "return isFull;",
  },
  {
    what: "outputs are never full",
    file: "compaction/output-tables.ts",
    find: "builder.estimatedBytes >= targetTableBytes ||",
    put: "",
  },
  {
    what: "outputs lie over as much as they like",
    file: "compaction/output-tables.ts",
    find: "this.#overlapBytes > LEVEL_RATIO * targetTableBytes",
    put: "false",
  },
  {
    what: "each output is charged for what the one before lay over",
    file: "compaction/output-tables.ts",
    find: "this.#overlapBytes = 0; }",
    put: "}",
  },
  {
    what: "what replaces tables of level 0 is several",
    file: "compaction/job.ts",
    find: "targetTableBytes: outputLevel === 0 ? Infinity : targetTableBytes,",
    put: "targetTableBytes,",
  },
  {
    what: "an edit removes all inputs but the first",
    file: "compaction/job.ts",
    find: "...inputs.map(({ level, tableNumber }) =>",
    put: "...inputs.slice(1).map(({ level, tableNumber }) =>",
  },
]);

const schedulerMutations = lsmArea("lsm scheduler", scheduler, [
  {
    what: "work begins inside the call",
    file: "job-scheduler.ts",
    find: "await this.#options.turn(); for (;;) {",
    put: "for (;;) {",
  },
  {
    what: "flushes wait for the end of a compaction",
    file: "job-scheduler.ts",
    find: "...(isFlush ? {} : { between: async () => void (await this.#flushAll()) }),",
  },
  {
    what: "compactions go before requests",
    file: "job-scheduler.ts",
    find: "!(await this.#request()) && !(await this.#compact())",
    put: "!(await this.#compact()) && !(await this.#request())",
  },
  {
    what: "what failed is tried again at once",
    file: "job-scheduler.ts",
    find: "this.#wakes = Math.min(MOST_WAKES, 2 ** this.#failures);",
    put: "this.#wakes = 0;",
  },
  {
    what: "what failed does not rest longer each time",
    file: "job-scheduler.ts",
    find: "this.#failures += 1;",
  },
  {
    what: "a job that was stopped counts as failed",
    file: "job-scheduler.ts",
    find: "if (!isStopped) this.#fail(kind, error);",
    put: "if (isStopped || !isStopped) this.#fail(kind, error);",
  },
  {
    what: "stopping does not reach the job that runs",
    file: "job-scheduler.ts",
    find: "signals: [this.#stop.signal, ...signals]",
    put: "signals: [...signals]",
  },
  {
    what: "jobs are begun after stopping",
    file: "job-scheduler.ts",
    find: "if ((isDone && !this.#isWoken) || this.#stop.signal.aborted) break;",
    put: "if (isDone && !this.#isWoken) break;",
  },
  {
    what: "requests that wait are forgotten when everything is stopped",
    file: "job-scheduler.ts",
    find: "for (const { reject } of this.#requests.splice(0)) reject(stopped(this.#stop.signal));",
  },
  {
    what: "a request does not hear its signal while it waits",
    file: "job-scheduler.ts",
    find: 'signal?.addEventListener("abort", leave, { once: true });',
  },
  {
    what: "a request does not hear its signal while it runs",
    file: "job-scheduler.ts",
    find: "signal === undefined ? [] : [signal]",
    put: "signal === undefined ? [] : [signal].slice(1)",
  },
  {
    what: "a slice has no end on a clock that stands still",
    file: "work-slices.ts",
    find: "if (this.#bytes >= SLICE_BYTES) return true;",
  },
  {
    what: "a slice does not look at the clock",
    file: "work-slices.ts",
    find: "return this.#options.now() - this.#startMs >= BUDGET_MS;",
    put: "return false;",
  },
  {
    what: "waiting counts as work",
    file: "work-slices.ts",
    find: "const value = await promise; this.#begin();",
    put: "const value = await promise;",
  },
  {
    what: "S17: outputs of an edit in doubt are removed",
    file: "compaction/compactor.ts",
    find: "if (!(await slices.wait(host.install(result.changes))))",
    put: "if (!(await slices.wait(host.install(result.changes)).catch(() => false)))",
    tests: compactor,
  },
  {
    what: "inputs that are gone are replaced",
    file: "compaction/compactor.ts",
    find: 'change.kind !== "deleteTable" ||',
    put: 'change.kind !== "deleteTable" || change.tableNumber > 0 ||',
    tests: compactor,
  },
  {
    what: "outputs stay when their inputs are gone",
    file: "compaction/compactor.ts",
    find: 'if (plan.kind === "merge") for (const { tableNumber } of result.added) host.tables.remove(tableNumber);',
    tests: compactor,
  },
  {
    what: "a table that cannot be read is read again and again",
    file: "compaction/compactor.ts",
    find: "this.#unreadable.set(culprit.tableNumber, error);",
    tests: compactor,
  },
  {
    what: "a table that can be read again is left alone for ever",
    file: "compaction/compactor.ts",
    find: "for (const { tableNumber } of plan.inputs) this.#unreadable.delete(tableNumber);",
    tests: compactor,
  },
]);

export const lsmCompactionMutations = [...pickerMutations, ...jobMutations, ...schedulerMutations];
