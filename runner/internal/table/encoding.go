package table

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// The encodings of text files, as recipes name them.
const (
	utf8Text    = "utf-8"
	utf16Text   = "utf-16"
	windows1252 = "windows-1252"
)

// auto is what a recipe says of a file that is to say it itself.
const auto = "auto"

// decodeText returns the text in a file and the encoding that it is in: the
// asked one, or, when that is auto, what the bytes show. A byte order mark is no
// part of the text.
func decodeText(content []byte, asked string) (text, encoding string, err error) {
	if asked == auto {
		asked, err = detectEncoding(content)
		if err != nil {
			return "", "", err
		}
	}
	switch asked {
	case utf16Text:
		text, err = decodeUTF16(content)
	case windows1252:
		if line, b := undefined(content); line > 0 {
			return "", "", fmt.Errorf("line %d holds the byte 0x%02X, which Windows-1252 does not define: correct data.csv.encoding, or save the table as \"CSV UTF-8\"", line, b)
		}
		var decoded []byte
		decoded, err = charmap.Windows1252.NewDecoder().Bytes(content)
		text = string(decoded)
	default:
		asked, text = utf8Text, string(bytes.TrimPrefix(content, []byte("\ufeff")))
		if line, b := notUTF8(content); line > 0 {
			return "", "", fmt.Errorf("line %d holds the byte 0x%02X, which is not UTF-8: correct data.csv.encoding, or save the table as \"CSV UTF-8\"", line, b)
		}
	}
	if err == nil && strings.ContainsRune(text, 0) {
		return "", "", fmt.Errorf("it is no text file: in %s it holds characters of the value 0", asked)
	}
	return text, asked, err
}

// detectEncoding tells UTF-16 by its byte order mark or by the zeros that Latin
// letters have in it, UTF-8 by its strict form, and takes the rest for
// Windows-1252, which Excel's plain "CSV" is in west of Poland. A text with
// letters in UTF-8 and a few bytes that are not is a damaged one.
func detectEncoding(content []byte) (string, error) {
	if bytes.HasPrefix(content, []byte("\xff\xfe")) || bytes.HasPrefix(content, []byte("\xfe\xff")) || zeros(content) != neither {
		return utf16Text, nil
	}
	if kind := looksLike(content); kind != "text" {
		return "", fmt.Errorf("it is no text file: it looks like %s", kind)
	}
	line, b := notUTF8(content)
	if line == 0 {
		return utf8Text, nil
	}
	if sequences(content) {
		return "", fmt.Errorf("line %d holds the byte 0x%02X, which is not UTF-8, as other letters in the file are: correct it, or write data.csv.encoding", line, b)
	}
	return windows1252, nil
}

// notUTF8 returns the first line, counted from 1, with a byte that is not UTF-8,
// and that byte; 0 when there is none.
func notUTF8(content []byte) (line int, b byte) {
	if utf8.Valid(content) {
		return 0, 0
	}
	for i := 0; ; {
		r, size := utf8.DecodeRune(content[i:])
		if r == utf8.RuneError && size == 1 {
			return 1 + bytes.Count(content[:i], []byte("\n")), content[i]
		}
		i += size
	}
}

// sequences reports whether some letters are stored in two bytes or more, as
// only UTF-8 does it.
func sequences(content []byte) bool {
	for i := 0; i < len(content); {
		_, size := utf8.DecodeRune(content[i:])
		if size > 1 {
			return true
		}
		i += size
	}
	return false
}

// undefined returns the first line with a byte that Windows-1252 does not define.
func undefined(content []byte) (line int, b byte) {
	i := -1
	for _, hole := range []byte{0x81, 0x8d, 0x8f, 0x90, 0x9d} {
		if j := bytes.IndexByte(content, hole); j >= 0 && (i < 0 || j < i) {
			i = j
		}
	}
	if i < 0 {
		return 0, 0
	}
	return 1 + bytes.Count(content[:i], []byte("\n")), content[i]
}

// Where the zeros are in UTF-16 of Latin letters.
const (
	neither = iota
	second  // of each pair of bytes: little endian
	first
)

// zeros looks at the beginning of a file without a byte order mark.
func zeros(content []byte) int {
	head := content[:min(len(content), 4096)&^1]
	var count [2]int
	for i, b := range head {
		if b == 0 {
			count[i%2]++
		}
	}
	switch pairs := len(head) / 2; {
	case pairs > 0 && count[0] == 0 && 2*count[1] > pairs:
		return second
	case pairs > 0 && count[1] == 0 && 2*count[0] > pairs:
		return first
	}
	return neither
}

// decodeUTF16 follows the byte order mark; without one, the zeros.
func decodeUTF16(content []byte) (string, error) {
	if len(content)%2 != 0 {
		return "", fmt.Errorf("it is no text in UTF-16: it has an odd number of bytes, %d; it was cut off, or data.csv.encoding is wrong", len(content))
	}
	order := unicode.LittleEndian
	if zeros(content) == first {
		order = unicode.BigEndian
	}
	text, err := unicode.UTF16(order, unicode.UseBOM).NewDecoder().Bytes(content)
	if err != nil {
		return "", fmt.Errorf("it is no text in UTF-16: %w", err)
	}
	if i := bytes.IndexRune(text, utf8.RuneError); i >= 0 {
		return "", fmt.Errorf("line %d holds half a character of UTF-16: the file is damaged, or data.csv.encoding is wrong", 1+bytes.Count(text[:i], []byte("\n")))
	}
	return string(text), nil
}
