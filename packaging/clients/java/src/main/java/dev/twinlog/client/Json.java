package dev.twinlog.client;

import java.util.LinkedHashMap;
import java.util.Map;

/** As much JSON as the client needs: where the members of an object stand, texts, and a writer of texts. */
final class Json {
    /** Where a value stands in the text. */
    record Span(int begin, int end) {}

    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /** The members of the object that the whole text is; null where it is none. Of repeated names the first that is not empty. */
    static Map<String, Span> members(String text) {
        return new Json(text).read();
    }

    static boolean isEmpty(String text, Span value) {
        String held = text.substring(value.begin(), value.end());
        return held.equals("null") || held.equals("\"\"");
    }

    private Map<String, Span> read() {
        Map<String, Span> found = new LinkedHashMap<>();
        if (!take('{')) {
            return null;
        }
        if (take('}')) {
            return atEnd() ? found : null;
        }
        do {
            skipSpace();
            Span name = value();
            if (name.end() - name.begin() < 2 || text.charAt(name.begin()) != '"' || !take(':')) {
                return null;
            }
            skipSpace();
            Span value = value();
            if (value.begin() == value.end()) {
                return null;
            }
            found.merge(decoded(text, name), value, (first, second) -> isEmpty(text, first) ? second : first);
        } while (take(','));
        return take('}') && atEnd() ? found : null;
    }

    private void skipSpace() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private boolean take(char expected) {
        skipSpace();
        if (at == text.length() || text.charAt(at) != expected) {
            return false;
        }
        at++;
        return true;
    }

    private boolean atEnd() {
        skipSpace();
        return at == text.length();
    }

    /** Reads over one value; brackets are counted, texts are skipped as a whole. */
    private Span value() {
        int begin = at;
        int depth = 0;
        while (at < text.length()) {
            char letter = text.charAt(at);
            if (letter == '"') {
                skipText();
            } else if (letter == '{' || letter == '[') {
                depth++;
                at++;
            } else if (depth == 0 && ",:}] \t\r\n".indexOf(letter) >= 0) {
                break;
            } else {
                depth -= letter == '}' || letter == ']' ? 1 : 0;
                at++;
            }
            if (depth == 0 && (letter == '"' || letter == '}' || letter == ']')) {
                break;
            }
        }
        return new Span(begin, at);
    }

    private void skipText() {
        for (at++; at < text.length() && text.charAt(at) != '"'; at++) {
            at += text.charAt(at) == '\\' ? 1 : 0;
        }
        at = Math.min(at + 1, text.length());
    }

    /** What a text in quotes says; what is no text says nothing. */
    static String decoded(String text, Span value) {
        if (value == null || value.end() - value.begin() < 2 || text.charAt(value.begin()) != '"') {
            return "";
        }
        StringBuilder out = new StringBuilder();
        for (int i = value.begin() + 1; i < value.end() - 1; i++) {
            char letter = text.charAt(i);
            if (letter != '\\' || i + 1 >= value.end() - 1) {
                out.append(letter);
                continue;
            }
            char kind = text.charAt(++i);
            int place = "bfnrt".indexOf(kind);
            if (kind == 'u' && i + 5 <= value.end() - 1) {
                out.append(unit(text.substring(i + 1, i + 5)));
                i += 4;
            } else {
                out.append(place < 0 ? kind : "\b\f\n\r\t".charAt(place));
            }
        }
        return out.toString();
    }

    private static char unit(String digits) {
        int value = 0;
        for (char digit : digits.toCharArray()) {
            value = value * 16 + Math.max(0, Character.digit(digit, 16));
        }
        return (char) value;
    }

    /** A text in quotes, with what JSON wants escaped. */
    static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char letter : text.toCharArray()) {
            if (letter == '"' || letter == '\\') {
                out.append('\\').append(letter);
            } else if (letter < 0x20 || Character.isSurrogate(letter)) {
                out.append(String.format("\\u%04x", (int) letter));
            } else {
                out.append(letter);
            }
        }
        return out.append('"').toString();
    }

    /** JSON of what an event may hold: maps, lists and arrays of such, texts, numbers, booleans; all else as its toString(). */
    static String of(Object value) {
        if (value == null || value instanceof Boolean || value instanceof Number) {
            return String.valueOf(value);
        }
        StringBuilder out = new StringBuilder();
        if (value instanceof Map<?, ?> members) {
            members.forEach((name, held) -> out.append(out.length() == 0 ? "" : ",").append(quoted(String.valueOf(name)))
                .append(':').append(of(held)));
            return "{" + out + "}";
        }
        if (value instanceof Iterable<?> items) {
            items.forEach(item -> out.append(out.length() == 0 ? "" : ",").append(of(item)));
            return "[" + out + "]";
        }
        return quoted(value.toString());
    }
}
