// Go's own implementation of signed notes and Merkle trees: makes the fixtures of the tests, and verifies our checkpoints.
//
//	go run . fixtures > ../../../test/fixtures/log-heads.json
//	go run . verify VERIFIER-KEY < CHECKPOINT
package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const entries = 9

type hashes []tlog.Hash

func (stored hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		out[i] = stored[index]
	}
	return out, nil
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func texts(proof []tlog.Hash) []string {
	out := []string{}
	for _, hash := range proof {
		out = append(out, hash.String())
	}
	return out
}

func fixtures() {
	var stored hashes
	roots := []string{}
	for i := int64(0); i < entries; i++ {
		stored = append(stored, must(tlog.StoredHashes(i, []byte(fmt.Sprintf("entry %d", i)), stored))...)
		roots = append(roots, must(tlog.TreeHash(i+1, stored)).String())
	}
	inclusion, consistency := map[string][]string{}, map[string][]string{}
	for size := int64(1); size <= entries; size++ {
		for i := int64(0); i < size; i++ {
			inclusion[fmt.Sprintf("%d of %d", i, size)] = texts(must(tlog.ProveRecord(size, i, stored)))
		}
		for old := int64(1); old <= size; old++ {
			consistency[fmt.Sprintf("%d to %d", old, size)] = texts(must(tlog.ProveTree(size, old, stored)))
		}
	}
	secret, verifier, err := note.GenerateKey(rand.Reader, "example.com/log")
	must(0, err)
	text := fmt.Sprintf("example.com/log\n%d\n%s\n", entries, roots[entries-1])
	signed := must(note.Sign(&note.Note{Text: text}, must(note.NewSigner(secret))))
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	encoder.Encode(map[string]any{
		"madeBy": "golang.org/x/mod/sumdb", "roots": roots, "inclusion": inclusion, "consistency": consistency,
		"verifier": verifier, "note": string(signed),
	})
}

func verify(key string) {
	text := must(io.ReadAll(os.Stdin))
	opened := must(note.Open(text, note.VerifierList(must(note.NewVerifier(key)))))
	fmt.Printf("verified: signed by %s\n%s", opened.Sigs[0].Name, opened.Text)
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "verify" {
		verify(os.Args[2])
	} else {
		fixtures()
	}
}
