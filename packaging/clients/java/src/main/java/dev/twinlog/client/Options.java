package dev.twinlog.client;

import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;

/** How a client works; every field has a value that fits a login service. Set them before the client is made. */
public final class Options {
    /** What is given up when the queue is full. */
    public enum WhenFull {
        /** The event that record() was called with; never waits. */
        DROP_NEWEST,
        /** The one that has waited longest and is not on its way; never waits. */
        DROP_OLDEST,
        /** record() waits for room, at most {@link #wait}, and then gives up its event. */
        WAIT
    }

    public Path socket = Path.of("/run/twinlog/events.sock");
    /** Called once for each event. */
    public Consumer<Answer> onAnswer = Client::logAnswer;
    public WhenFull whenFull = WhenFull.DROP_NEWEST;
    public Duration wait = Duration.ZERO;
    /** Events not answered yet, at most, and their bytes. */
    public int queueEvents = 10_000;
    public long queueBytes = 16 << 20;
    /** Of one event, as intake.max_event. */
    public int eventBytes = 1 << 20;
    /** Events on their way at a time. */
    public int inFlight = 1_000;
    /** So long without an answer ends the connection. */
    public Duration answerTimeout = Duration.ofSeconds(10);
    public Duration backoffFirst = Duration.ofMillis(100);
    public Duration backoffMost = Duration.ofSeconds(5);
    public Duration flushAtExit = Duration.ofSeconds(5);
}
