package dev.twinlog.client;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** Sends events (NDJSON, one a line) from standard input to the twinlog agent and waits for the answers. */
public final class Send {
    private static final int TAKEN = 0;
    private static final int REFUSED = 1;
    private static final int USAGE = 2;
    private static final int UNANSWERED = 3;
    private static final String USAGE_TEXT = """
        send SOCKET [--queue N] [--when-full wait|newest|oldest] [--seconds N] [--backoff-most-ms N] [--answers] < events.ndjson

        Sends events (NDJSON, one a line) from standard input to the twinlog agent and waits for the answers. What was rejected,
        conflicts or was dropped is named on standard error by the number of its line, never by its content.
        --queue N            events held at most (10000)
        --when-full WORD     what is given up when that many are held (wait: nothing, unless no room comes within --seconds)
        --seconds N          how long to wait for answers after the last line, or for room (30)
        --backoff-most-ms N  the longest wait between two tries (5000)
        --answers            a line of JSON for each answer, and one with the counts, on standard output
        Exit codes: 0 every line was answered stored or duplicate, 1 a line was rejected or conflicts, 2 wrong usage,
        3 a line was not answered or given up.
        """;

    private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    private final PrintStream errors = new PrintStream(System.err, true, StandardCharsets.UTF_8);
    private final Options options = new Options();
    private Duration limit = Duration.ofSeconds(30);
    private boolean printsAnswers;

    private Send() {
        options.whenFull = Options.WhenFull.WAIT;
        options.onAnswer = this::report;
    }

    private synchronized void report(Answer answer) {
        if (answer.status().equals("rejected")) {
            errors.println("send: line " + answer.context() + ": rejected: "
                + (answer.field().isEmpty() ? "" : answer.field() + ": ") + answer.reason());
        } else if (answer.status().equals("conflict") || answer.status().equals("dropped")) {
            errors.println("send: line " + answer.context() + ": " + answer.status());
        }
        if (printsAnswers) {
            out.println(Json.of(Map.of("line", answer.context(), "status", answer.status(), "log_id", answer.logId(), "field",
                answer.field(), "reason", answer.reason())));
        }
    }

    private boolean readArguments(String[] words) {
        if (words.length == 0) {
            return false;
        }
        options.socket = Path.of(words[0]);
        for (int i = 1; i < words.length; i++) {
            if (words[i].equals("--answers")) {
                printsAnswers = true;
            } else if (i + 1 == words.length || !setOption(words[i], words[++i])) {
                return false;
            }
        }
        options.wait = limit;
        return true;
    }

    private boolean setOption(String name, String value) {
        try {
            switch (name) {
                case "--queue" -> options.queueEvents = Integer.parseInt(value);
                case "--seconds" -> limit = Duration.ofMillis((long) (Double.parseDouble(value) * 1000));
                case "--backoff-most-ms" -> options.backoffMost = Duration.ofMillis(Long.parseLong(value));
                case "--when-full" -> options.whenFull = Map.of("wait", Options.WhenFull.WAIT, "newest", Options.WhenFull.DROP_NEWEST,
                    "oldest", Options.WhenFull.DROP_OLDEST).get(value);
                default -> {
                    return false;
                }
            }
        } catch (NumberFormatException none) {
            return false;
        }
        return options.whenFull != null;
    }

    /** A line ends at a line feed and nowhere else, as for the agent; null at the end. */
    private static String readLine(InputStream input) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int next = input.read();
        if (next < 0) {
            return null;
        }
        for (; next >= 0 && next != '\n'; next = input.read()) {
            line.write(next);
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    private int run(InputStream input) throws IOException {
        Client client = new Client(options);
        int number = 0;
        for (String line = readLine(input); line != null; line = readLine(input)) {
            number++;
            if (!line.isBlank() && client.recordLine(line, number) == null && options.whenFull == Options.WhenFull.WAIT) {
                break; // No room came: the agent is away.
            }
        }
        long unanswered = client.close(limit);
        Map<String, Long> counts = new LinkedHashMap<>(client.counts());
        counts.put("unanswered", unanswered);
        if (printsAnswers) {
            out.println(Json.of(Map.of("counts", counts)));
        }
        errors.println("send: " + counts.entrySet().stream().map(count -> count.getValue() + " " + count.getKey())
            .collect(Collectors.joining(", ")));
        if (unanswered > 0 && counts.get("connections") == 0) {
            errors.println("send: cannot connect to " + options.socket + ": is the agent there, and may this user write to its socket?");
        }
        if (unanswered + counts.get("dropped") > 0) {
            return UNANSWERED;
        }
        return counts.get("rejected") + counts.get("conflict") > 0 ? REFUSED : TAKEN;
    }

    public static void main(String[] words) throws IOException {
        if (words.length > 0 && (words[0].equals("--help") || words[0].equals("-h"))) {
            System.out.print(USAGE_TEXT);
            return;
        }
        Send send = new Send();
        if (!send.readArguments(words)) {
            System.err.print(USAGE_TEXT);
            System.exit(USAGE);
        }
        System.exit(send.run(new BufferedInputStream(System.in)));
    }
}
