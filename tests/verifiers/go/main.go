// Checks what twinlog signs with code that is not twinlog's: golang.org/x/mod/sumdb and transparency-dev's formats and merkle.
//
//	verifiers checkpoint NOTE KEY_FILE...              the note is a checkpoint, signed with each of these keys
//	verifiers consistency OLD_NOTE NEW_NOTE PROOF EPOCH_KEY_FILE ENROLMENT_KEY_FILE
//	verifiers proof P.tlog-proof P.disclosure.json ENROLMENT_KEY_FILE
//	verifiers epoch P.disclosure.json ENROLMENT_KEY_FILE     prints the epoch's own key
//
// A key file holds a verifier key text, a consistency proof a base64 hash a line. Exit 0: it holds. 1: it does not, and why.
package main

import (
	"fmt"
	"os"
)

func run(arguments []string) error {
	if len(arguments) < 3 {
		return fmt.Errorf("usage: verifiers checkpoint|consistency|proof|epoch FILES; see main.go")
	}
	files := make([][]byte, 0, len(arguments)-1)
	for _, path := range arguments[1:] {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files = append(files, content)
	}
	switch command := arguments[0]; {
	case command == "checkpoint":
		return checkCheckpoint(files[0], files[1:])
	case command == "consistency" && len(files) == 5:
		return checkConsistency(files[0], files[1], files[2], files[3], files[4])
	case command == "proof" && len(files) == 3:
		return checkProof(files[0], files[1], files[2])
	case command == "epoch" && len(files) == 2:
		return showEpoch(files[0], files[1])
	}
	return fmt.Errorf("usage: see main.go")
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "not proved: %v\n", err)
		os.Exit(1)
	}
}
