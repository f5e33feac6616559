package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	tlogproof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// epochVerifier is the key that the OPEN leaf names, once the enrolment key has vouched for that leaf.
func epochVerifier(shown *disclosure, enrolment note.Verifier) (note.Verifier, *leaf, error) {
	open, err := parseLeaf(shown.open)
	if err != nil {
		return nil, nil, err
	}
	if open.kind != typeOpen || open.index != 0 {
		return nil, nil, fmt.Errorf("the epoch does not begin with an OPEN leaf")
	}
	verifier, err := verifierOf(open.tags[tagVerifier])
	if err != nil {
		return nil, nil, err
	}
	origin := string(open.tags[tagOrigin])
	id := hex.EncodeToString(open.epochID[:])
	if verifier.Name() != origin || !strings.HasSuffix(strings.ReplaceAll(origin, "-", ""), "/"+id) {
		return nil, nil, fmt.Errorf("key, origin and epoch are not of one name")
	}
	first, err := openCheckpoint(shown.note, origin, verifier, enrolment)
	if err != nil {
		return nil, nil, fmt.Errorf("beginning of the epoch: %w", err)
	}
	if first.Size != 1 || !bytes.Equal(first.Hash, rfc6962.DefaultHasher.HashLeaf(shown.open)) {
		return nil, nil, fmt.Errorf("the beginning's note is not over this OPEN leaf")
	}
	return verifier, open, nil
}

// Both of Go's implementations are asked whether the leaf lies in the tree.
func checkInclusion(text []byte, epoch note.Verifier) (*leaf, error) {
	var given tlogproof.TLogProof
	if err := given.Unmarshal(text); err != nil {
		return nil, err
	}
	if !bytes.Equal(given.Marshal(), text) {
		return nil, fmt.Errorf("the proof is not spelled as its content demands")
	}
	checkpoint, err := openCheckpoint(given.Checkpoint, epoch.Name(), epoch)
	if err != nil {
		return nil, err
	}
	hashes := make([][]byte, 0, len(given.Hashes))
	recordProof := make(tlog.RecordProof, 0, len(given.Hashes))
	for _, hash := range given.Hashes {
		hashes, recordProof = append(hashes, hash[:]), append(recordProof, tlog.Hash(hash))
	}
	hashed := rfc6962.DefaultHasher.HashLeaf(given.ExtraData)
	err = proof.VerifyInclusion(rfc6962.DefaultHasher, given.Index, checkpoint.Size, hashed, hashes, checkpoint.Hash)
	if err != nil {
		return nil, err
	}
	if err := tlog.CheckRecord(recordProof, int64(checkpoint.Size), tlog.Hash(checkpoint.Hash), int64(given.Index),
		tlog.RecordHash(given.ExtraData)); err != nil {
		return nil, err
	}
	proved, err := parseLeaf(given.ExtraData)
	if err == nil && proved.index != given.Index {
		err = fmt.Errorf("the leaf says that it lies at %d, the proof at %d", proved.index, given.Index)
	}
	return proved, err
}

// readEpoch gives the fields shown, and the epoch that the enrolment key has vouched for.
func readEpoch(disclosureText, enrolmentKey []byte) (*disclosure, note.Verifier, *leaf, error) {
	enrolment, err := verifierOf(enrolmentKey)
	if err != nil {
		return nil, nil, nil, err
	}
	shown, err := parseDisclosure(disclosureText)
	if err != nil {
		return nil, nil, nil, err
	}
	epoch, open, err := epochVerifier(shown, enrolment)
	return shown, epoch, open, err
}

func showEpoch(disclosureText, enrolmentKey []byte) error {
	_, _, open, err := readEpoch(disclosureText, enrolmentKey)
	if err != nil {
		return err
	}
	fmt.Println(string(open.tags[tagVerifier]))
	return nil
}

func checkProof(proofText, disclosureText, enrolmentKey []byte) error {
	shown, epoch, open, err := readEpoch(disclosureText, enrolmentKey)
	if err != nil {
		return err
	}
	proved, err := checkInclusion(proofText, epoch)
	if err != nil {
		return err
	}
	root := proved.tags[tagContentRoot]
	if proved.kind != typeEvent || proved.epochID != open.epochID || len(root) != sha256.Size ||
		!bytes.Equal(root, shown.contentRoot[:]) {
		return fmt.Errorf("the leaf is not that of the fields shown")
	}
	enrolment, _, _ := strings.Cut(string(enrolmentKey), "+")
	fmt.Printf("proved by %s, signed for by %s:\n  %s\n", epoch.Name(), enrolment, strings.Join(shown.shown, "\n  "))
	return nil
}
