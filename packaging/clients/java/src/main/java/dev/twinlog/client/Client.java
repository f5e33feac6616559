package dev.twinlog.client;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Sends authentication events to the twinlog agent over its Unix socket.
 *
 * <pre>
 * Client client = new Client(new Options());
 * client.record(Map.of("tenant_id", "acme", "event_type", "login_failed", "occurred_at", System.currentTimeMillis(),
 *                      "username", "alice"), null);
 * </pre>
 *
 * record() gives the event a UUIDv7 where it has no log_id, puts it into a bounded queue and returns. A thread sends what is in
 * the queue, many at a time, and keeps each event until the agent has answered it: after a cut it goes out again under the same
 * id, so it is one record however often it is sent. A shutdown hook flushes. A Java process does not fork: what ProcessBuilder
 * starts has none of its descriptors or threads.
 */
public final class Client implements AutoCloseable {
    static final Logger LOG = Logger.getLogger("dev.twinlog.client");
    private static final SecureRandom CHANCE = new SecureRandom();

    /** An event that is not answered yet. */
    static final class Queued {
        final byte[] line;
        final String logId;
        final Object context;
        boolean isAgain;

        Queued(byte[] line, String logId, Object context) {
            this.line = line;
            this.logId = logId;
            this.context = context;
        }
    }

    final Options options;
    final Counts counts = new Counts();
    /** Under the lock of this object. */
    final ArrayDeque<Queued> waiting = new ArrayDeque<>();
    final ArrayDeque<Queued> flying = new ArrayDeque<>();
    long heldBytes;
    /** Answered, and onAnswer has not come back. */
    int unheard;
    boolean isClosed;
    private final Connection connection;
    private final Thread hook;

    public Client(Options options) {
        this.options = options;
        connection = new Connection(this);
        Thread thread = new Thread(connection, "twinlog");
        thread.setDaemon(true);
        thread.start();
        hook = new Thread(() -> close(options.flushAtExit), "twinlog at exit");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** What happens to answers where the options have no onAnswer. Never the event itself. */
    public static void logAnswer(Answer answer) {
        if (answer.status().equals("rejected")) {
            LOG.warning("event " + answer.logId() + " was rejected: " + answer.field() + ": " + answer.reason());
        } else if (answer.status().equals("conflict")) {
            LOG.warning("event " + answer.logId() + " was stored before with other content; both are kept");
        }
    }

    /** A UUIDv7: time in milliseconds, then chance, so that ids of one moment lie together in the stores' indexes. */
    public static String newId() {
        long high = System.currentTimeMillis() << 16 | 0x7000 | CHANCE.nextInt() & 0x0FFF;
        long low = CHANCE.nextLong() & 0x3FFFFFFFFFFFFFFFL | 0x8000000000000000L;
        return new UUID(high, low).toString();
    }

    /** Takes an event; its log_id, or null where it was dropped. The context comes back with its answer. */
    public String record(Map<String, ?> event, Object context) {
        Map<String, Object> members = new LinkedHashMap<>(event);
        if (members.get("log_id") == null || members.get("log_id").equals("")) {
            members.put("log_id", newId());
        }
        return enter(Json.of(members), members.get("log_id").toString(), context);
    }

    /** Takes an event that is JSON already. What is no object stays as it is, and the agent says what is wrong with it. */
    public String recordLine(String text, Object context) {
        String line = text.replace('\n', ' ').strip();
        Map<String, Json.Span> members = Json.members(line);
        if (members == null) {
            return enter(line, "", context);
        }
        Json.Span given = members.get("log_id");
        if (given != null && !Json.isEmpty(line, given)) {
            return enter(line, Json.decoded(line, given), context);
        }
        String id = newId();
        if (given != null) {
            line = line.substring(0, given.begin()) + '"' + id + '"' + line.substring(given.end());
        } else {
            line = "{\"log_id\":\"" + id + '"' + (members.isEmpty() ? "" : ",") + line.substring(1);
        }
        return enter(line, id, context);
    }

    private String enter(String text, String logId, Object context) {
        byte[] line = (text + "\n").getBytes(StandardCharsets.UTF_8);
        if (text.isEmpty() || line.length > options.eventBytes) {
            tell(new Answer("rejected", logId, "", "is empty or longer than eventBytes", context));
            return logId;
        }
        Queued event = new Queued(line, logId, context);
        List<Queued> dropped = new ArrayList<>();
        boolean isIn;
        synchronized (this) {
            makeRoom(line.length, dropped);
            isIn = !isClosed && hasRoom(line.length);
            if (isIn) {
                waiting.add(event);
                heldBytes += line.length;
            } else {
                dropped.add(event);
            }
        }
        if (isIn) {
            connection.wake();
        }
        for (Queued lost : dropped) {
            tell(new Answer("dropped", lost.logId, "", "", lost.context));
        }
        return isIn ? logId : null;
    }

    /** Waits until every event was answered; how many are not when the time is up. */
    public synchronized int flush(Duration limit) {
        waitFor(limit, () -> waiting.isEmpty() && flying.isEmpty() && unheard == 0);
        return waiting.size() + flying.size();
    }

    /** Flushes, ends the client, and returns how many events were not answered. */
    public int close(Duration limit) {
        int left = flush(limit);
        synchronized (this) {
            isClosed = true;
            notifyAll();
        }
        connection.wake();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException atExit) {
            // The process is ending, and this is the hook.
        }
        return left;
    }

    @Override
    public void close() {
        close(options.flushAtExit);
    }

    /** Totals: stored, duplicate, conflict, rejected, dropped, busy, sent_again, connections. */
    public Map<String, Long> counts() {
        return counts.read();
    }

    private void waitFor(Duration limit, BooleanSupplier condition) {
        long deadline = System.nanoTime() + limit.toNanos();
        try {
            for (long left = limit.toNanos(); left > 0 && !isClosed && !condition.getAsBoolean(); left = deadline - System.nanoTime()) {
                wait(left / 1_000_000, (int) (left % 1_000_000));
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean hasRoom(int size) {
        return waiting.size() + flying.size() < options.queueEvents && heldBytes + size <= options.queueBytes;
    }

    private void makeRoom(int size, List<Queued> dropped) {
        if (options.whenFull == Options.WhenFull.WAIT) {
            waitFor(options.wait, () -> hasRoom(size));
        }
        while (options.whenFull == Options.WhenFull.DROP_OLDEST && !waiting.isEmpty() && !hasRoom(size)) {
            Queued lost = waiting.remove();
            heldBytes -= lost.line.length;
            dropped.add(lost);
        }
    }

    void tell(Answer answer) {
        long count = counts.add(answer.status());
        if (answer.status().equals("dropped") && Long.bitCount(count) == 1) { // 1, 2, 4, ...
            LOG.warning("the queue is full; events dropped until now: " + count);
        }
        try {
            options.onAnswer.accept(answer);
        } catch (RuntimeException mistake) { // A caller's mistake must not end the sending.
            LOG.log(Level.WARNING, "onAnswer failed", mistake);
        }
    }
}
