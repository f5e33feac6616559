// Sends authentication events to the twinlog agent over its Unix socket.
//
//   const client = new Client();
//   client.record({ tenant_id: "acme", event_type: "login_failed", occurred_at: Date.now(), username: "alice" });
//
// record() gives the event a UUIDv7 where it has no log_id, puts it into a bounded queue and returns. What is in the queue goes
// out many at a time and stays until the agent has answered it: after a cut it is sent again under the same id, so it is one
// record however often it is sent. The client keeps no process alive; one that is done waits for answers at most flushAtExit.
// Before process.exit(), which waits for nothing: await client.close(). Node does not fork: what cluster and child_process start
// are new processes, without this one's connection, queue or timers.
import { randomBytes } from "node:crypto";
import { createConnection } from "node:net";

const TAKEN = ["stored", "duplicate", "conflict"];
const OUTGOING_BYTES = 256 * 1024; // Given to the socket at a time; the rest waits in the queue.
const ANSWER_BYTES = 64 * 1024; // No answer is as long as that.
const DEFAULTS = {
  socket: "/run/twinlog/events.sock", onAnswer: logAnswer, whenFull: "newest", wait: 0, queueEvents: 10_000,
  queueBytes: 16 << 20, eventBytes: 1 << 20, inFlight: 1_000, answerTimeout: 10_000, backoffFirst: 100, backoffMost: 5_000,
  flushAtExit: 5_000,
};

/** Time in milliseconds, then chance: ids of one moment lie together in the stores' indexes. */
export function uuid7() {
  const id = randomBytes(16);
  id.writeUIntBE(Date.now(), 0, 6);
  id[6] = (id[6] & 0x0f) | 0x70;
  id[8] = (id[8] & 0x3f) | 0x80;
  return id.toString("hex").replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

/** What happens to answers where no onAnswer is given. Never the event itself. */
function logAnswer({ status, logId, field, reason }) {
  if (status === "rejected") console.warn(`twinlog: event ${logId} was rejected: ${field}: ${reason}`);
  else if (status === "conflict") console.warn(`twinlog: event ${logId} was stored before with other content; both are kept`);
}

/** [line, logId] of an event in JSON; a text that is none stays as it is, and the agent says what is wrong with it. */
function withId(text) {
  const line = text.replaceAll("\n", " ").trim();
  let event;
  try {
    event = JSON.parse(line);
  } catch {
    return [line, ""];
  }
  if (event === null || typeof event !== "object" || Array.isArray(event)) return [line, ""];
  if (event.log_id) return [line, String(event.log_id)];
  const logId = uuid7();
  if ("log_id" in event) return [JSON.stringify({ ...event, log_id: logId }), logId];
  return [`{"log_id":"${logId}"${Object.keys(event).length > 0 ? "," : ""}${line.slice(1)}`, logId];
}

export class Client {
  #options;
  #waiting = [];
  #first = 0; // Where #waiting begins; what lies before has gone.
  #flying = [];
  #heldBytes = 0;
  #socket = null;
  #incoming = "";
  #backoff;
  #notBefore = 0;
  #heardAt = 0;
  #timer = null;
  #isClosed = false;
  #watchers = new Set(); // Called at every change.
  #atExit = () => void this.close();

  constructor(options = {}) {
    this.#options = { ...DEFAULTS, ...options };
    if (!["newest", "oldest", "wait"].includes(this.#options.whenFull)) throw new TypeError("whenFull is newest, oldest or wait");
    this.#backoff = Math.min(this.#options.backoffFirst, this.#options.backoffMost);
    this.counts = { stored: 0, duplicate: 0, conflict: 0, rejected: 0, dropped: 0, busy: 0, sent_again: 0, connections: 0 };
    process.on("beforeExit", this.#atExit);
  }

  record(event, context) {
    const queued = this.#prepare(event, context);
    return queued.line === null ? queued.logId : this.#enter(queued);
  }

  async recordWhenRoom(event, context) {
    const queued = this.#prepare(event, context);
    if (queued.line === null) return queued.logId;
    if (this.#options.whenFull === "wait") {
      await this.#until(() => this.#isClosed || this.#hasRoom(queued.line.length), this.#options.wait);
    }
    return this.#enter(queued);
  }

  async flush(milliseconds) {
    await this.#until(() => this.#held() === 0, milliseconds);
    return this.#held();
  }

  async close(milliseconds = this.#options.flushAtExit) {
    process.off("beforeExit", this.#atExit);
    const left = await this.flush(milliseconds);
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
    this.#notify();
    return left;
  }

  #prepare(event, context) {
    let line = "", logId = "", reason = "is empty or longer than eventBytes";
    try {
      if (typeof event === "string") [line, logId] = withId(event);
      else line = JSON.stringify(event.log_id ? event : { ...event, log_id: (logId = uuid7()) });
      logId ||= String(event.log_id);
    } catch (error) {
      reason = `is no JSON: ${error.name}`;
      line = "";
    }
    const bytes = Buffer.from(line + "\n");
    if (line !== "" && bytes.length <= this.#options.eventBytes) return { line: bytes, logId, context, isAgain: false };
    this.#tell({ status: "rejected", logId, context, field: "", reason });
    return { line: null, logId };
  }

  #enter(queued) {
    const { whenFull } = this.#options;
    const dropped = [];
    while (whenFull === "oldest" && this.#waitingCount() > 0 && !this.#hasRoom(queued.line.length)) {
      const lost = this.#takeWaiting();
      this.#heldBytes -= lost.line.length;
      dropped.push(lost);
    }
    const isIn = !this.#isClosed && this.#hasRoom(queued.line.length);
    if (isIn) {
      this.#waiting.push(queued);
      this.#heldBytes += queued.line.length;
      if (this.#timer === null) this.#wakeIn(0); // Events of one turn go out together.
    } else {
      dropped.push(queued);
    }
    for (const { logId, context } of dropped) this.#tell({ status: "dropped", logId, context, field: "", reason: "" });
    return isIn ? queued.logId : null;
  }

  #waitingCount() {
    return this.#waiting.length - this.#first;
  }

  #takeWaiting() {
    const event = this.#waiting[this.#first];
    this.#waiting[this.#first++] = undefined;
    if (this.#first > 1_000 && this.#first * 2 > this.#waiting.length) {
      this.#waiting.splice(0, this.#first);
      this.#first = 0;
    }
    return event;
  }

  #held() {
    return this.#waitingCount() + this.#flying.length;
  }

  #hasRoom(size) {
    return this.#held() < this.#options.queueEvents && this.#heldBytes + size <= this.#options.queueBytes;
  }

  #tell(answer) {
    this.counts[answer.status] += 1;
    const { dropped } = this.counts;
    if (answer.status === "dropped" && (dropped & (dropped - 1)) === 0) { // 1, 2, 4, ...
      console.warn(`twinlog: the queue is full; events dropped until now: ${dropped}`);
    }
    try {
      this.#options.onAnswer(answer);
    } catch (error) {
      console.warn("twinlog: onAnswer failed:", error); // A caller's mistake must not end the sending.
    }
  }

  #notify() {
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Waits for a condition; this alone keeps a process alive. */
  #until(condition, milliseconds) {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(limit);
        this.#watchers.delete(watcher);
        resolve();
      };
      const watcher = () => condition() && end();
      const limit = setTimeout(end, milliseconds);
      this.#watchers.add(watcher);
    });
  }

  /** The one timer: when it is over the client looks at everything anew. */
  #wakeIn(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#look();
    }, milliseconds);
    this.#timer.unref();
  }

  #look() {
    if (this.#isClosed) return;
    const now = performance.now();
    const silence = this.#heardAt + this.#options.answerTimeout - now;
    if (this.#socket && this.#flying.length > 0 && silence <= 0) this.#loseConnection(this.#socket);
    else if (now < this.#notBefore) this.#wakeIn(this.#notBefore - now);
    else if (this.#waitingCount() > 0 && this.#socket === null) this.#connect();
    else if (this.#socket?.readyState === "open") this.#send();
    if (this.#timer === null && this.#flying.length > 0) this.#wakeIn(Math.max(1, silence));
  }

  #connect() {
    const socket = createConnection({ path: this.#options.socket });
    this.#socket = socket;
    this.#heardAt = performance.now();
    socket.setEncoding("utf8");
    socket.unref();
    socket.on("connect", () => {
      this.counts.connections += 1;
      this.#look();
    });
    socket.on("data", (text) => this.#read(socket, text));
    socket.on("drain", () => this.#look());
    socket.on("error", () => {}); // close comes behind it.
    socket.on("close", () => this.#loseConnection(socket));
  }

  /** Nothing is sent for a time with some chance in it, longer each time until something is taken. */
  #pause(atLeast) {
    this.#notBefore = performance.now() + atLeast + this.#backoff * (0.5 + Math.random() / 2);
    this.#backoff = Math.min(2 * this.#backoff, this.#options.backoffMost);
  }

  #loseConnection(socket) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    socket.destroy();
    this.#incoming = "";
    this.#waiting = [...this.#flying, ...this.#waiting.slice(this.#first)];
    this.#first = 0;
    this.#flying = [];
    this.#pause(0);
    if (!this.#isClosed) this.#wakeIn(this.#notBefore - performance.now());
  }

  #send() {
    const lines = [];
    if (this.#flying.length === 0) this.#heardAt = performance.now();
    let bytes = this.#socket.writableLength;
    while (this.#waitingCount() > 0 && this.#flying.length < this.#options.inFlight && bytes < OUTGOING_BYTES) {
      const event = this.#takeWaiting();
      this.#flying.push(event);
      this.counts.sent_again += event.isAgain ? 1 : 0;
      event.isAgain = true;
      lines.push(event.line);
      bytes += event.line.length;
    }
    if (lines.length > 0) this.#socket.write(Buffer.concat(lines));
  }

  #read(socket, text) {
    if (socket !== this.#socket) return;
    const lines = (this.#incoming + text).split("\n");
    this.#incoming = lines.pop();
    const isSound = lines.every((line) => this.#takeAnswer(line));
    if (!isSound || this.#incoming.length > ANSWER_BYTES) this.#loseConnection(socket); // No agent says this.
    else this.#look();
    this.#notify();
  }

  #takeAnswer(line) {
    let said;
    try {
      said = JSON.parse(line);
    } catch {
      return false;
    }
    const status = said?.status;
    if (this.#flying.length === 0 || ![...TAKEN, "rejected", "busy"].includes(status)) return false;
    this.#heardAt = performance.now();
    const event = this.#flying.shift();
    if (status === "busy") { // Behind the others: what is more important than this one may be taken now.
      this.#waiting.push(event);
      this.counts.busy += 1;
      if (performance.now() >= this.#notBefore) this.#pause(Number(said.retry_after_ms) || 0);
      return true;
    }
    this.#heldBytes -= event.line.length;
    this.#backoff = Math.min(this.#options.backoffFirst, this.#options.backoffMost);
    this.#tell({ status, logId: event.logId || String(said.log_id ?? ""), context: event.context,
      field: String(said.error?.field ?? ""), reason: String(said.error?.reason ?? "") });
    return true;
  }
}
