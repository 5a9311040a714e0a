package source

import (
	"bytes"
	"io"
	"os"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"

	"biomass/runner/internal/digest"
)

// maxContent is the largest file that is looked into for line ends, and the
// largest untracked one that is hashed.
const maxContent = 256 << 20

// hashes are those of a content as git stores it.
type hashes struct {
	git     plumbing.Hash
	content digest.Digest
}

func hashesOf(stored []byte) hashes {
	return hashes{plumbing.ComputeHash(plumbing.BlobObject, stored), digest.Of(stored)}
}

// hashLarge hashes a file as it is, without holding it in memory.
func hashLarge(path string, size int64) (hashes, error) {
	f, err := os.Open(path)
	if err != nil {
		return hashes{}, err
	}
	defer f.Close()
	h := plumbing.NewHasher(plumbing.BlobObject, size)
	if _, err := io.Copy(h, f); err != nil {
		return hashes{}, err
	}
	content, _, err := digest.File(path)
	return hashes{h.Sum(), content}, err
}

// stored returns content as git would store it, by convert.c of git 2.39.
// The blob is the one in the index, whose carriage returns protect those of
// the working tree from being guessed away.
func stored(content []byte, ends lineEnds, repository *git.Repository, blob plumbing.Hash) ([]byte, error) {
	if ends == keepEnds || !bytes.Contains(content, []byte("\r\n")) {
		return content, nil
	}
	if ends == textEnds {
		return bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")), nil
	}
	if looksBinary(content) {
		return content, nil
	}
	if !blob.IsZero() {
		before, err := readBlob(repository, blob)
		if err != nil {
			return nil, err
		}
		if bytes.Contains(before, []byte("\r\n")) && !looksBinary(before) {
			return content, nil
		}
	}
	return bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")), nil
}

func readBlob(repository *git.Repository, hash plumbing.Hash) ([]byte, error) {
	blob, err := repository.BlobObject(hash)
	if err != nil {
		return nil, err
	}
	r, err := blob.Reader()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// looksBinary guesses as git does: a zero byte, a lone carriage return, or more
// than one control character in 128 others.
func looksBinary(content []byte) bool {
	if n := len(content); n > 0 && content[n-1] == 0x1a { // the end mark of DOS
		content = content[:n-1]
	}
	printable, control := 0, 0
	for i, c := range content {
		switch {
		case c == 0:
			return true
		case c == '\r':
			if i+1 == len(content) || content[i+1] != '\n' {
				return true
			}
		case c == '\n':
		case c == '\b', c == '\t', c == 0x1b, c == '\f':
			printable++
		case c < ' ', c == 0x7f:
			control++
		default:
			printable++
		}
	}
	return printable>>7 < control
}
