// Package client sends authentication events to the twinlog agent over its Unix socket.
//
//	c := client.New(client.Options{})
//	defer c.Close(5 * time.Second)
//	c.Record(map[string]any{"tenant_id": "acme", "event_type": "login_failed", "username": "alice",
//		"occurred_at": time.Now().UnixMilli()}, nil)
//
// Record gives the event a UUIDv7 where it has no log_id, puts it into a bounded queue and returns. What is in the queue
// goes out many at a time and stays until the agent has answered it: after a cut it is sent again under the same id, so it is
// one record however often it is sent. A Go program does not fork, and the programs that it starts do not get the connection
// (net opens it with SOCK_CLOEXEC), so nothing has to be done there.
package client

import (
	"bytes"
	"encoding/json"
	"log"
	mathrand "math/rand"
	"net"
	"sync"
	"time"
)

// WhenFull says what is given up when the queue is full.
type WhenFull int

const (
	DropNewest WhenFull = iota // the event that Record was called with; never waits
	DropOldest                 // the one that has waited longest and is not on its way; never waits
	Wait                       // Record waits for room, at most Options.Wait, and then gives up its event
)

// Answer is what became of an event. Status is one of the agent's stored, duplicate, conflict and rejected, or this side's
// dropped.
type Answer struct {
	Status, LogID, Field, Reason string
	Context                      any
}

// Options may all be left out.
type Options struct {
	Socket        string        // /run/twinlog/events.sock
	OnAnswer      func(Answer)  // LogAnswer; called for each event once
	WhenFull      WhenFull      // DropNewest
	Wait          time.Duration // for WhenFull: Wait
	QueueEvents   int           // 10,000 events not answered yet, at most
	QueueBytes    int           // 16 MiB of them
	EventBytes    int           // 1 MiB for one event, as intake.max_event
	InFlight      int           // 1,000 events on their way at a time
	AnswerTimeout time.Duration // 10 s without an answer end the connection
	BackoffFirst  time.Duration // 100 ms
	BackoffMost   time.Duration // 5 s
}

// Counts are totals since New.
type Counts struct {
	Stored, Duplicate, Conflict, Rejected, Dropped, Busy, SentAgain, Connections int
}

type queued struct {
	line    []byte
	logID   string
	context any
	isAgain bool
}

// Client may be used by many goroutines.
type Client struct {
	options Options

	mutex     sync.Mutex
	changed   *sync.Cond
	counts    Counts
	waiting   []*queued
	flying    []*queued
	heldBytes int
	unheard   int // answered, and OnAnswer has not come back
	isClosed  bool
	backoff   time.Duration
	notBefore time.Time
	heardAt   time.Time
	peer      net.Conn
}

func orElse[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// New starts a client; the agent need not be there.
func New(options Options) *Client {
	options.Socket = orElse(options.Socket, "/run/twinlog/events.sock")
	options.QueueEvents = orElse(options.QueueEvents, 10_000)
	options.QueueBytes = orElse(options.QueueBytes, 16<<20)
	options.EventBytes = orElse(options.EventBytes, 1<<20)
	options.InFlight = orElse(options.InFlight, 1_000)
	options.AnswerTimeout = orElse(options.AnswerTimeout, 10*time.Second)
	options.BackoffMost = orElse(options.BackoffMost, 5*time.Second)
	options.BackoffFirst = orElse(options.BackoffFirst, min64(100*time.Millisecond, options.BackoffMost))
	if options.OnAnswer == nil {
		options.OnAnswer = LogAnswer
	}
	c := &Client{options: options, backoff: options.BackoffFirst}
	c.changed = sync.NewCond(&c.mutex)
	go c.run()
	return c
}

func min64(a, b time.Duration) time.Duration {
	if a < b {
		return a
	}
	return b
}

// LogAnswer is what happens to answers where Options has no OnAnswer. Never the event itself.
func LogAnswer(answer Answer) {
	switch answer.Status {
	case "rejected":
		log.Printf("twinlog: event %s was rejected: %s: %s", answer.LogID, answer.Field, answer.Reason)
	case "conflict":
		log.Printf("twinlog: event %s was stored before with other content; both are kept", answer.LogID)
	}
}

// Record takes an event, anything that encoding/json makes an object of, and returns its log_id; false where it was dropped.
func (c *Client) Record(event, context any) (string, bool) {
	line, err := json.Marshal(event)
	if err != nil {
		c.tell(Answer{"rejected", "", "", err.Error(), context})
		return "", true
	}
	return c.RecordLine(line, context)
}

// RecordLine takes an event that is JSON already.
func (c *Client) RecordLine(text []byte, context any) (string, bool) {
	line, id := withID(text)
	if len(line) == 0 || len(line) >= c.options.EventBytes {
		c.tell(Answer{"rejected", id, "", "is empty or longer than EventBytes", context})
		return id, true
	}
	event := &queued{line: append(line[:len(line):len(line)], '\n'), logID: id, context: context}
	c.mutex.Lock()
	dropped := c.makeRoom(len(event.line))
	isIn := !c.isClosed && c.hasRoom(len(event.line))
	if isIn {
		c.waiting = append(c.waiting, event)
		c.heldBytes += len(event.line)
		c.changed.Broadcast()
	} else {
		dropped = append(dropped, event)
	}
	c.mutex.Unlock()
	for _, lost := range dropped {
		c.tell(Answer{"dropped", lost.logID, "", "", lost.context})
	}
	return id, isIn
}

// Flush waits until every event was answered, and returns how many are not when the time is up.
func (c *Client) Flush(limit time.Duration) int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.waitFor(limit, func() bool { return len(c.waiting)+len(c.flying)+c.unheard == 0 })
	return len(c.waiting) + len(c.flying)
}

// Close flushes, ends the client and returns how many events were not answered.
func (c *Client) Close(limit time.Duration) int {
	left := c.Flush(limit)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.isClosed = true
	if c.peer != nil {
		c.peer.Close()
	}
	c.changed.Broadcast()
	return left
}

// Counts are the totals until now.
func (c *Client) Counts() Counts {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.counts
}

// waitFor, hasRoom, makeRoom, pause and nextLines are called with the mutex held.
func (c *Client) waitFor(limit time.Duration, condition func() bool) {
	deadline := time.Now().Add(limit)
	timer := time.AfterFunc(limit, c.broadcast)
	defer timer.Stop()
	for !condition() && !c.isClosed && time.Now().Before(deadline) {
		c.changed.Wait()
	}
}

func (c *Client) broadcast() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.changed.Broadcast()
}

func (c *Client) hasRoom(size int) bool {
	return len(c.waiting)+len(c.flying) < c.options.QueueEvents && c.heldBytes+size <= c.options.QueueBytes
}

func (c *Client) makeRoom(size int) (dropped []*queued) {
	if c.options.WhenFull == Wait {
		c.waitFor(c.options.Wait, func() bool { return c.hasRoom(size) })
	}
	for c.options.WhenFull == DropOldest && len(c.waiting) > 0 && !c.hasRoom(size) {
		dropped = append(dropped, c.waiting[0])
		c.heldBytes -= len(c.waiting[0].line)
		c.waiting = c.waiting[1:]
	}
	return dropped
}

// pause: nothing is sent for a time with some chance in it, longer each time until something is taken.
func (c *Client) pause(atLeast time.Duration) {
	chance := time.Duration((0.5 + mathrand.Float64()/2) * float64(c.backoff))
	c.notBefore = time.Now().Add(atLeast + chance)
	c.backoff = min64(2*c.backoff, c.options.BackoffMost)
}

func (c *Client) nextLines(lines *bytes.Buffer) {
	if len(c.flying) == 0 {
		c.heardAt = time.Now()
	}
	for len(c.waiting) > 0 && len(c.flying) < c.options.InFlight && lines.Len() < 256<<10 {
		event := c.waiting[0]
		c.waiting[0], c.waiting = nil, c.waiting[1:]
		c.flying = append(c.flying, event)
		if event.isAgain {
			c.counts.SentAgain++
		}
		event.isAgain = true
		lines.Write(event.line)
	}
}

func (c *Client) tell(answer Answer) {
	c.mutex.Lock()
	switch answer.Status {
	case "stored":
		c.counts.Stored++
	case "duplicate":
		c.counts.Duplicate++
	case "conflict":
		c.counts.Conflict++
	case "rejected":
		c.counts.Rejected++
	case "dropped":
		c.counts.Dropped++
	}
	dropped := c.counts.Dropped
	c.mutex.Unlock()
	if answer.Status == "dropped" && dropped&(dropped-1) == 0 { // 1, 2, 4, ...
		log.Printf("twinlog: the queue is full; events dropped until now: %d", dropped)
	}
	c.options.OnAnswer(answer)
}
