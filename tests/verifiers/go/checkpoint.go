package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func verifierOf(keyText []byte) (note.Verifier, error) {
	return note.NewVerifier(strings.TrimSpace(string(keyText)))
}

// openCheckpoint gives a checkpoint that the log and each of the others have signed. Go's own readers let an unknown signature
// and loose base64 pass: here a note has one spelling.
func openCheckpoint(text []byte, origin string, own note.Verifier, others ...note.Verifier) (*log.Checkpoint, error) {
	checkpoint, rest, opened, err := log.ParseCheckpoint(text, origin, own, others...)
	if err != nil {
		return nil, err
	}
	if len(rest) != 0 {
		return nil, fmt.Errorf("a checkpoint of more than three lines")
	}
	if len(opened.UnverifiedSigs) != 0 || len(opened.Sigs) != 1+len(others) {
		return nil, fmt.Errorf("signed by %d known keys and %d others, wanted %d", len(opened.Sigs), len(opened.UnverifiedSigs),
			1+len(others))
	}
	spelled := bytes.NewBufferString(string(checkpoint.Marshal()) + "\n")
	for _, signature := range opened.Sigs {
		raw, err := base64.StdEncoding.Strict().DecodeString(signature.Base64)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(spelled, "— %s %s\n", signature.Name, base64.StdEncoding.EncodeToString(raw))
	}
	if !bytes.Equal(spelled.Bytes(), text) {
		return nil, fmt.Errorf("the note is not spelled as its content demands")
	}
	return checkpoint, nil
}

func checkCheckpoint(text []byte, keys [][]byte) error {
	verifiers := make([]note.Verifier, 0, len(keys))
	for _, key := range keys {
		verifier, err := verifierOf(key)
		if err != nil {
			return err
		}
		verifiers = append(verifiers, verifier)
	}
	checkpoint, err := openCheckpoint(text, verifiers[0].Name(), verifiers[0], verifiers[1:]...)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d leaves, root %x\n", checkpoint.Origin, checkpoint.Size, checkpoint.Hash)
	return nil
}

// openOneOf takes a note of any size: that of size 1 must carry the enrolment key's signature, too.
func openOneOf(text []byte, epoch, enrolment note.Verifier) (*log.Checkpoint, error) {
	if lines := strings.SplitN(string(text), "\n", 3); len(lines) == 3 && lines[1] == "1" {
		return openCheckpoint(text, epoch.Name(), epoch, enrolment)
	}
	return openCheckpoint(text, epoch.Name(), epoch)
}

// Both of Go's implementations are asked.
func checkConsistency(oldText, newText, proofText, epochKey, enrolmentKey []byte) error {
	epoch, err := verifierOf(epochKey)
	if err != nil {
		return err
	}
	enrolment, err := verifierOf(enrolmentKey)
	if err != nil {
		return err
	}
	older, err := openOneOf(oldText, epoch, enrolment)
	if err != nil {
		return err
	}
	newer, err := openOneOf(newText, epoch, enrolment)
	if err != nil {
		return err
	}
	var path [][]byte
	var treeProof tlog.TreeProof
	lines := strings.Split(string(proofText), "\n")
	if lines[len(lines)-1] != "" {
		return errors.New("the last line of the consistency proof has no end")
	}
	for _, line := range lines[:len(lines)-1] {
		hash, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(hash) != tlog.HashSize {
			return fmt.Errorf("%q is no hash", line)
		}
		path, treeProof = append(path, hash), append(treeProof, tlog.Hash(hash))
	}
	err = proof.VerifyConsistency(rfc6962.DefaultHasher, older.Size, newer.Size, path, older.Hash, newer.Hash)
	if err != nil {
		return err
	}
	return tlog.CheckTree(treeProof, int64(newer.Size), tlog.Hash(newer.Hash), int64(older.Size), tlog.Hash(older.Hash))
}
