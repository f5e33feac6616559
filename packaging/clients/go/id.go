package client

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"
)

// NewID is a UUIDv7: time in milliseconds, then chance, so that ids of one moment lie together in the stores' indexes.
func NewID() string {
	var id [16]byte
	if _, err := rand.Read(id[6:]); err != nil {
		panic(err) // A system without chance: nothing is safe on it.
	}
	now := time.Now().UnixMilli()
	for i := 0; i < 6; i++ {
		id[i] = byte(now >> (40 - 8*i))
	}
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// withID is the event with an id; a text that is no object stays as it is, and the agent says what is wrong with it.
func withID(text []byte) ([]byte, string) {
	text = bytes.TrimSpace(bytes.ReplaceAll(text, []byte("\n"), []byte(" ")))
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil || members == nil {
		return text, ""
	}
	given, isThere := members["log_id"]
	var id string
	if isThere && string(given) != "null" && (json.Unmarshal(given, &id) != nil || id != "") {
		return text, id
	}
	id = NewID()
	if isThere {
		members["log_id"] = json.RawMessage(`"` + id + `"`)
		if line, err := json.Marshal(members); err == nil {
			return line, id
		}
	}
	line := append([]byte(`{"log_id":"`+id+`"`), ',')
	if len(members) == 0 {
		line = line[:len(line)-1]
	}
	return append(line, text[1:]...), id
}
