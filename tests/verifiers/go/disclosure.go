package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The names of the fields; their numbers begin with 1.
var fieldNames = strings.Fields(`tenant_id log_id event_type occurred_at organisation_id user_id username actor_id ip remote_host
	user_agent channel service auth_method failure_reason failure_code session_ref request_id failed_login_attempts
	account_locked_until lock_kind lock_reason reset_reason metadata account repaired`)

// Numbers of the fields whose values are i64, and of those that are JSON.
var integerFields, jsonFields = []int{4, 19, 20}, []int{24, 26}

type members = map[string]json.RawMessage

type disclosure struct {
	open        []byte
	note        []byte
	contentRoot [sha256.Size]byte
	shown       []string
}

func commitmentOf(number int, salt, value []byte) []byte {
	digest := sha256.Sum256(slices.Concat([]byte("TWC1"), []byte{byte(number)}, salt, value))
	return digest[:]
}

func text(object members, name string) (string, error) {
	var found string
	if err := json.Unmarshal(object[name], &found); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return found, nil
}

func hexadecimal(object members, name string, size int) ([]byte, error) {
	shown, err := text(object, name)
	if err != nil {
		return nil, err
	}
	raw, err := hex.DecodeString(shown)
	if err != nil || len(raw) != size || hex.EncodeToString(raw) != shown {
		return nil, fmt.Errorf("%s is not %d bytes in small hexadecimal digits", name, size)
	}
	return raw, nil
}

func only(object members, names ...string) error {
	for name := range object {
		if !slices.Contains(names, name) {
			return fmt.Errorf("member %q is not known", name)
		}
	}
	return nil
}

// valueBytes are what a commitment is made of. JSON values stand in the disclosure in their canonical form (RFC 8785).
func valueBytes(number int, raw json.RawMessage) ([]byte, error) {
	if slices.Contains(integerFields, number) {
		value, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil || strconv.FormatInt(value, 10) != string(raw) {
			return nil, fmt.Errorf("field %d is no integer", number)
		}
		return binary.BigEndian.AppendUint64(nil, uint64(value)), nil
	}
	if slices.Contains(jsonFields, number) {
		return raw, nil
	}
	var value string
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, fmt.Errorf("field %d: %w", number, err)
	}
	return []byte(value), nil
}

// shownCommitment also says what the field is.
func shownCommitment(number int, field members) (commitment []byte, line string, err error) {
	if err = only(field, "t", "name", "value", "salt"); err != nil {
		return nil, "", err
	}
	name, err := text(field, "name")
	if err != nil || number < 1 || number > len(fieldNames) || name != fieldNames[number-1] {
		return nil, "", fmt.Errorf("field %d is not %q", number, name)
	}
	salt, err := hexadecimal(field, "salt", 16)
	if err != nil {
		return nil, "", err
	}
	value, err := valueBytes(number, field["value"])
	return commitmentOf(number, salt, value), fmt.Sprintf("%s = %s", name, field["value"]), err
}

func (d *disclosure) takeFields(fields []members) error {
	hashed, last := []byte("TWR1"), 0
	for _, field := range fields {
		number, err := strconv.Atoi(string(field["t"]))
		if err != nil || number <= last || number > 255 {
			return fmt.Errorf("fields are not numbered and ascending")
		}
		last = number
		var commitment []byte
		if _, isHidden := field["commitment"]; isHidden {
			if err := only(field, "t", "commitment"); err != nil {
				return err
			}
			if number <= 4 {
				return fmt.Errorf("field %d is always shown", number)
			}
			commitment, err = hexadecimal(field, "commitment", sha256.Size)
		} else {
			var line string
			commitment, line, err = shownCommitment(number, field)
			d.shown = append(d.shown, line)
		}
		if err != nil {
			return err
		}
		hashed = append(append(hashed, byte(number)), commitment...)
	}
	d.contentRoot = sha256.Sum256(hashed)
	return nil
}

func parseDisclosure(content []byte) (*disclosure, error) {
	// Maps, since members of a struct would be found in any case.
	var object members
	if err := json.Unmarshal(content, &object); err != nil {
		return nil, err
	}
	if err := only(object, "format", "open", "note", "fields"); err != nil {
		return nil, err
	}
	if format, err := text(object, "format"); err != nil || format != "twinlog-disclosure@v1" {
		return nil, fmt.Errorf("no disclosure of this form")
	}
	open, err := text(object, "open")
	if err != nil {
		return nil, err
	}
	noteText, err := text(object, "note")
	if err != nil {
		return nil, err
	}
	found := &disclosure{note: []byte(noteText)}
	if found.open, err = base64.StdEncoding.Strict().DecodeString(open); err != nil {
		return nil, err
	}
	var fields []members
	if err := json.Unmarshal(object["fields"], &fields); err != nil {
		return nil, err
	}
	return found, found.takeFields(fields)
}
