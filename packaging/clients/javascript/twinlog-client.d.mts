export type WhenFull = "newest" | "oldest" | "wait";

/** What became of an event: one of the agent's words, or this side's `dropped`. */
export interface Answer {
  status: "stored" | "duplicate" | "conflict" | "rejected" | "dropped";
  logId: string;
  context: unknown;
  /** What a rejected event has wrong. */
  field: string;
  reason: string;
}

export interface Options {
  /** /run/twinlog/events.sock */
  socket?: string;
  /** Called once for each event; without it rejected events and conflicts are logged with console.warn. */
  onAnswer?: (answer: Answer) => void;
  /** What is given up when the queue is full; "newest". */
  whenFull?: WhenFull;
  /** How long recordWhenRoom() waits with "wait", in milliseconds; 0. */
  wait?: number;
  /** Events not answered yet, at most; 10,000. */
  queueEvents?: number;
  /** Their bytes; 16 MiB. */
  queueBytes?: number;
  /** Bytes of one event, as intake.max_event; 1 MiB. */
  eventBytes?: number;
  /** Events on their way at a time; 1,000. */
  inFlight?: number;
  /** Milliseconds without an answer that end the connection; 10,000. */
  answerTimeout?: number;
  /** Milliseconds; 100 and 5,000. */
  backoffFirst?: number;
  backoffMost?: number;
  /** How long a process that is done waits for answers, in milliseconds; 5,000. */
  flushAtExit?: number;
}

export interface Counts {
  stored: number;
  duplicate: number;
  conflict: number;
  rejected: number;
  dropped: number;
  busy: number;
  sent_again: number;
  connections: number;
}

/** A UUIDv7. */
export function uuid7(): string;

export class Client {
  constructor(options?: Options);
  readonly counts: Counts;
  /** Takes an event, an object or JSON, and returns its log_id at once; null where it was dropped. */
  record(event: object | string, context?: unknown): string | null;
  /** As record(), but with whenFull "wait" it waits for room, at most `wait` milliseconds. */
  recordWhenRoom(event: object | string, context?: unknown): Promise<string | null>;
  /** Waits until every event was answered; how many are not when the time is up. */
  flush(milliseconds: number): Promise<number>;
  /** Flushes, ends the client, and says how many events were not answered. */
  close(milliseconds?: number): Promise<number>;
}
