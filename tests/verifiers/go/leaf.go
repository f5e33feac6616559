package main

import (
	"encoding/binary"
	"fmt"
)

const (
	typeEvent, typeOpen                    = 1, 3
	tagContentRoot, tagOrigin, tagVerifier = 0x08, 0x30, 0x31
	headBytes                              = 40
)

type leaf struct {
	kind    byte
	epochID [16]byte
	index   uint64
	tags    map[byte][]byte
}

// parseLeaf reads "TWL1", type, three zero bytes, epoch_id, index, accept_us, then tag u8, length u32, value; ascending.
func parseLeaf(raw []byte) (*leaf, error) {
	if len(raw) < headBytes || string(raw[:4]) != "TWL1" || raw[5]|raw[6]|raw[7] != 0 {
		return nil, fmt.Errorf("no leaf of twinlog's")
	}
	found := &leaf{kind: raw[4], epochID: [16]byte(raw[8:24]), index: binary.BigEndian.Uint64(raw[24:32]), tags: map[byte][]byte{}}
	last := -1
	for rest := raw[headBytes:]; len(rest) > 0; {
		if len(rest) < 5 || int(rest[0]) <= last {
			return nil, fmt.Errorf("tags of the leaf are out of order or cut off")
		}
		length := uint64(binary.BigEndian.Uint32(rest[1:5]))
		if length > uint64(len(rest)-5) {
			return nil, fmt.Errorf("a tag is longer than its leaf")
		}
		last = int(rest[0])
		found.tags[rest[0]] = rest[5 : 5+length]
		rest = rest[5+length:]
	}
	return found, nil
}
