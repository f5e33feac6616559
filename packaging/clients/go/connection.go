package client

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"os"
	"time"
)

// run connects where there is something to send; each connection has a writer of its own.
func (c *Client) run() {
	for {
		c.mutex.Lock()
		for len(c.waiting) == 0 && !c.isClosed {
			c.changed.Wait()
		}
		pause := time.Until(c.notBefore)
		isClosed := c.isClosed
		c.mutex.Unlock()
		if isClosed {
			return
		}
		if pause > 0 {
			c.sleep(pause)
			continue
		}
		if peer, err := net.DialTimeout("unix", c.options.Socket, c.options.AnswerTimeout); err == nil {
			c.converse(peer)
		}
		c.mutex.Lock()
		c.waiting = append(append(make([]*queued, 0, len(c.flying)+len(c.waiting)), c.flying...), c.waiting...)
		c.flying, c.peer = nil, nil
		c.pause(0)
		c.mutex.Unlock()
	}
}

func (c *Client) sleep(limit time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.waitFor(limit, func() bool { return false })
}

// converse writes and reads until the connection ends.
func (c *Client) converse(peer net.Conn) {
	c.mutex.Lock()
	c.counts.Connections++
	c.peer = peer
	if c.isClosed {
		peer.Close()
	}
	c.mutex.Unlock()
	reading, written := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(written)
		c.write(peer, reading)
	}()
	c.read(peer)
	close(reading)
	peer.Close()
	c.broadcast()
	<-written
}

func (c *Client) write(peer net.Conn, reading chan struct{}) {
	var lines bytes.Buffer
	for {
		lines.Reset()
		c.mutex.Lock()
		for lines.Len() == 0 {
			select {
			case <-reading:
				c.mutex.Unlock()
				return
			default:
			}
			if pause := time.Until(c.notBefore); pause > 0 && len(c.waiting) > 0 {
				timer := time.AfterFunc(pause, c.broadcast)
				c.changed.Wait()
				timer.Stop()
				continue
			}
			if c.nextLines(&lines); lines.Len() == 0 {
				c.changed.Wait()
			}
		}
		c.mutex.Unlock()
		if _, err := peer.Write(lines.Bytes()); err != nil {
			return // What the agent answered before it left is still to be read; then comes the end.
		}
	}
}

func (c *Client) read(peer net.Conn) {
	reader := bufio.NewReaderSize(peer, 64<<10)
	var line []byte
	for {
		_ = peer.SetReadDeadline(time.Now().Add(c.options.AnswerTimeout))
		part, err := reader.ReadSlice('\n')
		line = append(line, part...)
		if err == nil {
			if !c.takeAnswer(line) {
				return // No agent says this.
			}
			line = line[:0]
		} else if !errors.Is(err, os.ErrDeadlineExceeded) || c.isOverdue() {
			return
		}
	}
}

func (c *Client) isOverdue() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return len(c.flying) > 0 && time.Since(c.heardAt) >= c.options.AnswerTimeout
}

func (c *Client) takeAnswer(line []byte) bool {
	var said struct {
		Status       string  `json:"status"`
		LogID        string  `json:"log_id"`
		RetryAfterMS float64 `json:"retry_after_ms"`
		Error        struct{ Field, Reason string }
	}
	if json.Unmarshal(line, &said) != nil {
		return false
	}
	c.mutex.Lock()
	if len(c.flying) == 0 || !isKnown(said.Status) {
		c.mutex.Unlock()
		return false
	}
	event := c.flying[0]
	c.flying[0], c.flying = nil, c.flying[1:]
	c.heardAt = time.Now()
	if said.Status == "busy" { // Behind the others: what is more important than this one may be taken now.
		c.waiting = append(c.waiting, event)
		c.counts.Busy++
		if time.Now().After(c.notBefore) {
			c.pause(time.Duration(said.RetryAfterMS * float64(time.Millisecond)))
		}
	} else {
		c.heldBytes -= len(event.line)
		c.unheard++
		c.backoff = c.options.BackoffFirst
	}
	c.changed.Broadcast()
	c.mutex.Unlock()
	if said.Status != "busy" {
		c.tell(Answer{said.Status, orElse(event.logID, said.LogID), said.Error.Field, said.Error.Reason, event.context})
		c.mutex.Lock()
		c.unheard--
		c.changed.Broadcast()
		c.mutex.Unlock()
	}
	return true
}

func isKnown(status string) bool {
	switch status {
	case "stored", "duplicate", "conflict", "rejected", "busy":
		return true
	}
	return false
}
