// Compiled, never run: what a program of TypeScript writes with the client, and what its compiler must refuse.
import { Client, uuid7, type Answer, type Counts } from "twinlog-client";

const client = new Client({
  socket: "/run/twinlog/events.sock", whenFull: "oldest", queueEvents: 10,
  onAnswer(answer: Answer) {
    if (answer.status === "rejected") client.record({ said: `${answer.field}: ${answer.reason}`, log_id: uuid7() }, answer.context);
  },
});
const id: string | null = client.record('{"event_type":"logout"}');
const later: string | null = await client.recordWhenRoom({ event_type: "logout" }, { id });
const left: number = (await client.flush(1000)) + (await client.close());
const counts: Counts = client.counts;
export const all = [later, left, counts.stored, counts.sent_again];
// @ts-expect-error: no such policy
new Client({ whenFull: "never" });
// @ts-expect-error: an event is an object or a text
client.record(7);
// @ts-expect-error: no such status
export const isLost = (answer: Answer): boolean => answer.status === "lost";
