// Sends events (NDJSON, one a line) from standard input to the twinlog agent and waits for the answers.
import { writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { Client } from "./twinlog-client.mjs";

const USAGE = `send SOCKET [--queue N] [--when-full wait|newest|oldest] [--seconds N] [--backoff-most-ms N] [--answers] < events.ndjson

Sends events (NDJSON, one a line) from standard input to the twinlog agent and waits for the answers. What was rejected,
conflicts or was dropped is named on standard error by the number of its line, never by its content.
--queue N            events held at most (10000)
--when-full WORD     what is given up when that many are held (wait: nothing, unless no room comes within --seconds)
--seconds N          how long to wait for answers after the last line, or for room (30)
--backoff-most-ms N  the longest wait between two tries (5000)
--answers            a line of JSON for each answer, and one with the counts, on standard output
Exit codes: 0 every line was answered stored or duplicate, 1 a line was rejected or conflicts, 2 wrong usage,
3 a line was not answered or given up.
`;
const OPTIONS = {
  queue: { type: "string", default: "10000" }, "when-full": { type: "string", default: "wait" },
  seconds: { type: "string", default: "30" }, "backoff-most-ms": { type: "string", default: "5000" },
  answers: { type: "boolean", default: false }, help: { type: "boolean", short: "h", default: false },
};

function readArguments() {
  try {
    const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    const numbers = [values.queue, values.seconds, values["backoff-most-ms"]];
    if (numbers.every((text) => /^[0-9.]+$/.test(text)) && positionals.length === 1 && ["wait", "newest", "oldest"].includes(values["when-full"])) return [positionals[0], values];
  } catch {
    // Said below.
  }
  process.stderr.write(USAGE);
  process.exit(2);
}

function print(descriptor, text) {
  for (let rest = Buffer.from(`${text}\n`); rest.length > 0;) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

const [socket, options] = readArguments();
const milliseconds = Number(options.seconds) * 1000;
const client = new Client({
  socket, whenFull: options["when-full"], wait: milliseconds, queueEvents: Number(options.queue),
  backoffMost: Number(options["backoff-most-ms"]),
  onAnswer({ status, logId, context, field, reason }) {
    if (status === "rejected") print(2, `send: line ${context}: rejected: ${field ? `${field}: ` : ""}${reason}`);
    else if (status === "conflict" || status === "dropped") print(2, `send: line ${context}: ${status}`);
    if (options.answers) print(1, JSON.stringify({ line: context, status, log_id: logId, field, reason }));
  },
});

/** Ends lines at a line feed and nowhere else, as the agent does. */
async function* linesOf(input) {
  let parts = [];
  for await (let data of input) {
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10)) {
      yield Buffer.concat([...parts, data.subarray(0, end)]).toString();
      parts = [];
      data = data.subarray(end + 1);
    }
    parts.push(data);
  }
  yield Buffer.concat(parts).toString();
}

let number = 0;
for await (const line of linesOf(process.stdin)) {
  number += 1;
  if (line.trim() !== "" && await client.recordWhenRoom(line, number) === null && options["when-full"] === "wait") break; // The agent is away.
}
const unanswered = await client.close(milliseconds);
const counts = { ...client.counts, unanswered };
if (options.answers) print(1, JSON.stringify({ counts }));
print(2, `send: ${Object.entries(counts).map(([name, count]) => `${count} ${name}`).join(", ")}`);
if (unanswered > 0 && counts.connections === 0) {
  print(2, `send: cannot connect to ${socket}: is the agent there, and may this user write to its socket?`);
}
process.exit(unanswered + counts.dropped > 0 ? 3 : counts.rejected + counts.conflict > 0 ? 1 : 0);
