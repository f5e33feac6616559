package dev.twinlog.client;

import java.util.Map;
import java.util.TreeMap;

/** Totals since the client was made; by the words of an answer, and sent_again, busy and connections. */
final class Counts {
    private final Map<String, Long> totals = new TreeMap<>();

    Counts() {
        for (String name : new String[] {"stored", "duplicate", "conflict", "rejected", "dropped", "busy", "sent_again", "connections"}) {
            totals.put(name, 0L);
        }
    }

    synchronized long add(String name) {
        return totals.merge(name, 1L, Long::sum);
    }

    synchronized Map<String, Long> read() {
        return new TreeMap<>(totals);
    }
}
