package dev.twinlog.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.logging.Level;

/** A client's thread: it connects, writes what waits and reads the answers, and never blocks but in select(). */
final class Connection implements Runnable {
    private static final Set<String> STATUSES = Set.of("stored", "duplicate", "conflict", "rejected", "busy");
    private static final int OUTGOING_BYTES = 256 * 1024; // Given to the socket at a time; the rest waits in the queue.
    private static final int ANSWER_BYTES = 64 * 1024; // No answer is as long as that.
    private static final long MILLISECOND = 1_000_000;

    private final Client client;
    private final Options options;
    private final Selector selector;
    private SocketChannel peer;
    private SelectionKey key;
    private ByteBuffer outgoing = ByteBuffer.allocate(0);
    private final ByteBuffer part = ByteBuffer.allocate(65536);
    private final ByteArrayOutputStream incoming = new ByteArrayOutputStream();
    private long backoff;
    private long notBefore = System.nanoTime();
    private long heardAt;

    Connection(Client client) {
        this.client = client;
        options = client.options;
        backoff = firstBackoff();
        try {
            selector = Selector.open();
        } catch (IOException problem) {
            throw new IllegalStateException("no selector for the twinlog client", problem);
        }
    }

    private long firstBackoff() {
        return Math.min(options.backoffFirst.toNanos(), options.backoffMost.toNanos());
    }

    void wake() {
        selector.wakeup();
    }

    @Override
    public void run() {
        try {
            while (!isOver()) {
                connectWhenDue();
                takeFromQueue();
                sleep();
                if (peer != null && hasFlying() && System.nanoTime() - heardAt >= options.answerTimeout.toNanos()) {
                    loseConnection();
                }
            }
            loseConnection();
            selector.close();
        } catch (IOException problem) {
            Client.LOG.log(Level.SEVERE, "the twinlog client has ended", problem);
        }
    }

    private boolean isOver() {
        synchronized (client) {
            return client.isClosed;
        }
    }

    private boolean hasFlying() {
        synchronized (client) {
            return !client.flying.isEmpty();
        }
    }

    private boolean hasWaiting() {
        synchronized (client) {
            return !client.waiting.isEmpty();
        }
    }

    private boolean isPaused() {
        return System.nanoTime() - notBefore < 0;
    }

    private void connectWhenDue() {
        if (peer != null || isPaused() || !hasWaiting()) {
            return;
        }
        try {
            peer = SocketChannel.open(StandardProtocolFamily.UNIX);
            peer.configureBlocking(false);
            if (!peer.connect(UnixDomainSocketAddress.of(options.socket))) {
                throw new IOException("the agent's backlog is full");
            }
            key = peer.register(selector, SelectionKey.OP_READ);
            client.counts.add("connections");
        } catch (IOException away) {
            loseConnection();
        }
    }

    /** Nothing is sent for a time with some chance in it, longer each time until something is taken. */
    private void pause(long atLeast) {
        notBefore = System.nanoTime() + atLeast + ThreadLocalRandom.current().nextLong(backoff / 2, backoff + 1);
        backoff = Math.min(2 * backoff, options.backoffMost.toNanos());
    }

    private void loseConnection() {
        try {
            if (peer != null) {
                peer.close();
            }
        } catch (IOException ignored) {
            // It is gone, one way or the other.
        }
        peer = null;
        key = null;
        outgoing = ByteBuffer.allocate(0);
        incoming.reset();
        synchronized (client) {
            for (Iterator<Client.Queued> lost = client.flying.descendingIterator(); lost.hasNext();) {
                client.waiting.addFirst(lost.next());
            }
            client.flying.clear();
        }
        pause(0);
    }

    private void takeFromQueue() {
        if (peer == null || isPaused() || outgoing.hasRemaining()) {
            return;
        }
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        synchronized (client) {
            if (client.flying.isEmpty()) {
                heardAt = System.nanoTime();
            }
            while (!client.waiting.isEmpty() && client.flying.size() < options.inFlight && lines.size() < OUTGOING_BYTES) {
                Client.Queued event = client.waiting.remove();
                client.flying.add(event);
                if (event.isAgain) {
                    client.counts.add("sent_again");
                }
                event.isAgain = true;
                lines.writeBytes(event.line);
            }
        }
        outgoing = ByteBuffer.wrap(lines.toByteArray());
    }

    /** Milliseconds; 0 is for ever, as select() has it. */
    private long longestSleep() {
        long until = Long.MAX_VALUE;
        long now = System.nanoTime();
        if (hasFlying()) {
            until = heardAt + options.answerTimeout.toNanos() - now;
        }
        if (isPaused() && hasWaiting()) {
            until = Math.min(until, notBefore - now);
        }
        return until == Long.MAX_VALUE ? 0 : Math.max(1, (until + MILLISECOND - 1) / MILLISECOND);
    }

    private void sleep() throws IOException {
        if (key != null) {
            key.interestOps(outgoing.hasRemaining() ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
        }
        selector.select(longestSleep());
        boolean isReady = key != null && selector.selectedKeys().contains(key);
        selector.selectedKeys().clear();
        if (isReady && key.isWritable()) {
            write();
        }
        if (isReady && key.isReadable()) {
            read();
        }
    }

    private void write() {
        try {
            peer.write(outgoing);
        } catch (IOException gone) {
            outgoing = ByteBuffer.allocate(0); // What the agent answered before it left is still to be read; then comes the end.
        }
    }

    private void read() {
        int count;
        try {
            part.clear();
            count = peer.read(part);
        } catch (IOException gone) {
            count = -1;
        }
        boolean isSound = count >= 0;
        for (int i = 0; i < count && isSound; i++) {
            if (part.get(i) != '\n') {
                incoming.write(part.get(i));
                continue;
            }
            isSound = takeAnswer(incoming.toString(StandardCharsets.UTF_8));
            incoming.reset();
        }
        if (!isSound || incoming.size() > ANSWER_BYTES) {
            loseConnection(); // The end, or what no agent says.
        }
    }

    private boolean takeAnswer(String line) {
        Map<String, Json.Span> members = Json.members(line);
        String status = members == null ? "" : Json.decoded(line, members.get("status"));
        Client.Queued event;
        synchronized (client) {
            if (client.flying.isEmpty() || !STATUSES.contains(status)) {
                return false;
            }
            heardAt = System.nanoTime();
            event = client.flying.remove();
            if (status.equals("busy")) { // Behind the others: what is more important than this one may be taken now.
                client.waiting.add(event);
            } else {
                client.heldBytes -= event.line.length;
                client.unheard++;
            }
        }
        if (status.equals("busy")) {
            client.counts.add("busy");
            if (!isPaused()) {
                pause(number(line, members.get("retry_after_ms")) * MILLISECOND);
            }
            return true;
        }
        backoff = firstBackoff();
        client.tell(answerTo(event, status, line, members));
        synchronized (client) {
            client.unheard--;
            client.notifyAll();
        }
        return true;
    }

    private static Answer answerTo(Client.Queued event, String status, String line, Map<String, Json.Span> members) {
        Json.Span error = members.get("error");
        String inner = error == null ? "" : line.substring(error.begin(), error.end());
        Map<String, Json.Span> parts = Json.members(inner);
        String logId = event.logId.isEmpty() ? Json.decoded(line, members.get("log_id")) : event.logId;
        return new Answer(status, logId, parts == null ? "" : Json.decoded(inner, parts.get("field")),
            parts == null ? "" : Json.decoded(inner, parts.get("reason")), event.context);
    }

    private static long number(String line, Json.Span value) {
        try {
            return value == null ? 0 : Math.max(0, (long) Double.parseDouble(line.substring(value.begin(), value.end())));
        } catch (NumberFormatException none) {
            return 0;
        }
    }
}
