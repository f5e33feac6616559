// Command send sends events (NDJSON, one a line) from standard input to the twinlog agent and waits for the answers.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"twinlog.dev/client"
)

const (
	exitTaken, exitRefused, exitUsage, exitUnanswered = 0, 1, 2, 3
)

const usage = `send SOCKET [--queue N] [--when-full wait|newest|oldest] [--seconds N] [--backoff-most-ms N] [--answers] < events.ndjson

Sends events (NDJSON, one a line) from standard input to the twinlog agent and waits for the answers. What was rejected,
conflicts or was dropped is named on standard error by the number of its line, never by its content.
Exit codes: 0 every line was answered stored or duplicate, 1 a line was rejected or conflicts, 2 wrong usage,
3 a line was not answered or given up.
`

type report struct {
	mutex         sync.Mutex
	printsAnswers bool
}

func (r *report) take(answer client.Answer) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	switch answer.Status {
	case "rejected":
		said := answer.Reason
		if answer.Field != "" {
			said = answer.Field + ": " + said
		}
		fmt.Fprintf(os.Stderr, "send: line %d: rejected: %s\n", answer.Context, said)
	case "conflict", "dropped":
		fmt.Fprintf(os.Stderr, "send: line %d: %s\n", answer.Context, answer.Status)
	}
	r.print(map[string]any{"line": answer.Context, "status": answer.Status, "log_id": answer.LogID, "field": answer.Field,
		"reason": answer.Reason})
}

func (r *report) print(members map[string]any) {
	if r.printsAnswers {
		line, _ := json.Marshal(members)
		fmt.Println(string(line))
	}
}

func main() {
	flags := flag.NewFlagSet("send", flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprint(os.Stderr, usage); flags.PrintDefaults() }
	queue := flags.Int("queue", 10_000, "events held at most")
	whenFull := flags.String("when-full", "wait", "what is given up when that many are held: wait (for --seconds, then the new one), newest or oldest")
	seconds := flags.Float64("seconds", 30, "how long to wait for answers after the last line, or for room")
	backoffMost := flags.Int("backoff-most-ms", 5_000, "the longest wait between two tries")
	answers := flags.Bool("answers", false, "print a line of JSON for each answer, and one with the counts")
	policies := map[string]client.WhenFull{"wait": client.Wait, "newest": client.DropNewest, "oldest": client.DropOldest}
	if len(os.Args) > 1 && (os.Args[1] == "--help" || os.Args[1] == "-h") {
		flags.SetOutput(os.Stdout)
		fmt.Print(usage)
		flags.PrintDefaults()
		os.Exit(exitTaken)
	}
	if len(os.Args) < 2 || flags.Parse(os.Args[2:]) != nil || flags.NArg() > 0 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(exitUsage)
	}
	policy, isKnown := policies[*whenFull]
	if !isKnown {
		fmt.Fprintln(os.Stderr, "send: --when-full is wait, newest or oldest")
		os.Exit(exitUsage)
	}
	limit := time.Duration(*seconds * float64(time.Second))
	told := &report{printsAnswers: *answers}
	c := client.New(client.Options{Socket: os.Args[1], OnAnswer: told.take, WhenFull: policy, Wait: limit, QueueEvents: *queue,
		BackoffMost: time.Duration(*backoffMost) * time.Millisecond})
	recordLines(c, os.Stdin, policy)
	os.Exit(finish(c, told, limit))
}

func recordLines(c *client.Client, input io.Reader, policy client.WhenFull) {
	reader := bufio.NewReader(input)
	for number := 1; ; number++ {
		line, err := reader.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			if _, isIn := c.RecordLine(line, number); !isIn && policy == client.Wait {
				return // No room came: the agent is away.
			}
		}
		if err != nil {
			return
		}
	}
}

func finish(c *client.Client, told *report, limit time.Duration) int {
	left := c.Close(limit)
	n := c.Counts()
	told.print(map[string]any{"counts": map[string]int{"stored": n.Stored, "duplicate": n.Duplicate, "conflict": n.Conflict,
		"rejected": n.Rejected, "dropped": n.Dropped, "busy": n.Busy, "sent_again": n.SentAgain, "connections": n.Connections,
		"unanswered": left}})
	fmt.Fprintf(os.Stderr, "send: %d stored, %d duplicate, %d conflict, %d rejected, %d dropped, %d busy, %d sent_again, %d connections, %d unanswered\n",
		n.Stored, n.Duplicate, n.Conflict, n.Rejected, n.Dropped, n.Busy, n.SentAgain, n.Connections, left)
	if left > 0 && n.Connections == 0 {
		fmt.Fprintf(os.Stderr, "send: cannot connect to %s: is the agent there, and may this user write to its socket?\n", os.Args[1])
	}
	if left+n.Dropped > 0 {
		return exitUnanswered
	}
	if n.Rejected+n.Conflict > 0 {
		return exitRefused
	}
	return exitTaken
}
