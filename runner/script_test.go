package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	draws "image/draw" // the command of scripts is draw
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"log"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"biomass/runner/internal/table"
)

var update = flag.Bool("update", false, "write the output that scripts compare with anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"runner": main})
}

// TestScript runs what people type, good and bad, and holds the program to its
// messages, its exit codes and the files that it leaves. One script a command
// or a kind of bad input. Each finds testdata/plants.yaml in its folder.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup: func(e *testscript.Env) error {
			e.Values["env"] = e
			recipe, err := os.ReadFile("testdata/plants.yaml")
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(e.WorkDir, "plants.yaml"), recipe, 0o666); err != nil {
				return err
			}
			// The work folder is a project of its own wherever it lies, even
			// inside another one.
			return os.Mkdir(filepath.Join(e.WorkDir, ".git"), 0o777)
		},
		Condition: condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":      code,
			"interrupt": interrupt,
			"await":     await,
			"json":      isJSON,
			"alike":     alike,
			"draw":      draw,
			"classes":   classes,
			"idx":       drawIDX,
			"sheet":     sheet,
			"giant":     giant,
			"brighten":  brighten,
			"serve":     serve,
			"widen":     widen,
			"truncate":  truncate,
			"flip":      flip,
			"lines":     lines,
			"replace":   replace,
			"snapshot":  snapshot,
			"same":      same,
			"disk":      disk,
			"sharing":   sharing,
		},
	})
}

// condition knows [root] and [mount]: whether this process may do anything, and
// whether it may mount a disk.
func condition(name string) (bool, error) {
	switch name {
	case "root":
		return os.Geteuid() == 0, nil
	case "mount":
		dir, err := os.MkdirTemp("", "runner-mount-*")
		if err != nil {
			return false, err
		}
		defer os.Remove(dir)
		if mount(dir, "64k") != nil {
			return false, nil
		}
		return true, exec.Command("umount", dir).Run()
	}
	return false, fmt.Errorf("unknown condition %q", name)
}

// code N COMMAND runs a command and wants the exit code N. Whatever happens,
// people are not shown the inside of the program.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	wantCode(ts, err, want, ts.ReadFile("stderr"))
}

func wantCode(ts *testscript.TestScript, err error, want int, stderr string) {
	got := 0
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		got = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	if trace.MatchString(stderr) {
		ts.Fatalf("a stack trace was printed")
	}
}

var trace = regexp.MustCompile(`(?m)^(goroutine \d+|panic:|runtime\.|fatal error:)`)

// interrupt FILE TEXT N COMMAND runs a command, interrupts it as soon as the
// file holds the text, and wants the exit code N within 2 s.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: interrupt FILE TEXT N COMMAND...")
	}
	want, err := strconv.Atoi(args[2])
	ts.Check(err)
	path, err := exec.LookPath(args[3])
	ts.Check(err)
	env := ts.Value("env").(*testscript.Env)
	var stderr bytes.Buffer
	c := exec.Command(path, args[4:]...)
	c.Dir, c.Env, c.Stderr = ts.MkAbs("."), env.Vars, &stderr
	ts.Check(c.Start())
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	ts.Defer(func() { c.Process.Kill() })
	await(ts, false, args[:2])
	ts.Check(c.Process.Signal(os.Interrupt))
	start := time.Now()
	err = <-ended
	if took := time.Since(start); took > 2*time.Second {
		ts.Fatalf("it ended %s after the interrupt", took)
	}
	ts.Logf("[stderr]\n%s", stderr.String())
	wantCode(ts, err, want, stderr.String())
	if !strings.Contains(stderr.String(), "interrupted") {
		ts.Fatalf("the interruption is not told of")
	}
}

// await FILE TEXT waits until the file holds the text.
func await(ts *testscript.TestScript, _ bool, args []string) {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if data, err := os.ReadFile(ts.MkAbs(args[0])); err == nil && bytes.Contains(data, []byte(args[1])) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s does not hold %q", args[0], args[1])
		}
	}
}

// json [KEY...] wants the last command's output to be one JSON value; an object
// has to have the keys.
func isJSON(ts *testscript.TestScript, neg bool, args []string) {
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	var value any
	if err := decoder.Decode(&value); err != nil || decoder.More() {
		ts.Fatalf("stdout is not one JSON value: %v", err)
	}
	object, _ := value.(map[string]any)
	for _, key := range args {
		if _, ok := object[key]; ok == neg {
			ts.Fatalf("key %s in the JSON object: %t", key, ok)
		}
	}
}

// alike PATH PATH wants two places in the last command's JSON, such as 0.claimed,
// to hold the same value, and not null.
func alike(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: alike PATH PATH")
	}
	var value any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &value))
	at := func(path string) any {
		here := value
		for name := range strings.SplitSeq(path, ".") {
			switch v := here.(type) {
			case []any:
				i, err := strconv.Atoi(name)
				ts.Check(err)
				here = v[i]
			case map[string]any:
				here = v[name]
			}
		}
		return here
	}
	if a, b := at(args[0]), at(args[1]); a != b || a == nil {
		ts.Fatalf("%s is %v, %s is %v", args[0], a, args[1], b)
	}
}

// side is the height and width of a drawn photo.
const side = 24

// draw DIR N makes a data set: labels.csv and images/*.png, each photo a green
// square on brown ground. Plants are on two photos each; their weight follows
// from the green. The column note is empty.
func draw(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: draw DIR N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Join(dir, "images"), 0o777))
	rows := [][]string{{"filename", "plant", "weight", "part", "note"}}
	for i := range n {
		name := fmt.Sprintf("p%02d.png", i+1)
		green := 4 + (7*(i/2))%16
		part := []string{"train", "train", "train", "validation", "test"}[(i/2)%5]
		rows = append(rows, []string{name, fmt.Sprint("plant", i/2+1), fmt.Sprintf("%.2f", float64(green*green)/400), part, ""})
		var file bytes.Buffer
		ts.Check(png.Encode(&file, plant(green, i)))
		ts.Check(os.WriteFile(filepath.Join(dir, "images", name), file.Bytes(), 0o666))
	}
	var labels bytes.Buffer
	ts.Check(csv.NewWriter(&labels).WriteAll(rows))
	ts.Check(os.WriteFile(filepath.Join(dir, "labels.csv"), labels.Bytes(), 0o666))
	var photo bytes.Buffer
	ts.Check(jpeg.Encode(&photo, plant(12, n), nil))
	ts.Check(os.WriteFile(filepath.Join(dir, "photo.jpg"), photo.Bytes(), 0o666))
}

// classes DIR N CLASS... makes a folder of N photos for each class, whose squares
// are the larger the later it is named.
func classes(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: classes DIR N CLASS...")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	for c, class := range args[2:] {
		dir := filepath.Join(ts.MkAbs(args[0]), class)
		ts.Check(os.MkdirAll(dir, 0o777))
		for i := range n {
			var file bytes.Buffer
			ts.Check(png.Encode(&file, plant(4+8*c, 100*c+37*n+i)))
			ts.Check(os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s%02d.png", class, i+1)), file.Bytes(), 0o666))
		}
	}
}

// idx DIR NAME N makes NAME-images.gz and NAME-labels in the IDX format: N pictures
// of 12 x 10 pixels of the classes 0, 1 and 2 by turns, each with a bright bar
// where its class has one.
func drawIDX(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: idx DIR NAME N")
	}
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	const height, width = 12, 10
	head := func(dims ...uint32) []byte {
		file := []byte{0, 0, 8, byte(len(dims))}
		for _, d := range dims {
			file = binary.BigEndian.AppendUint32(file, d)
		}
		return file
	}
	noise := rand.New(rand.NewPCG(uint64(n), 0))
	images, labels := head(uint32(n), height, width), head(uint32(n))
	for i := range n {
		class := i % 3
		labels = append(labels, byte(class))
		for p := range height * width {
			v := noise.IntN(64)
			if p/width/4 == class {
				v += 150
			}
			images = append(images, byte(v))
		}
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, err = w.Write(images)
	ts.Check(err)
	ts.Check(w.Close())
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o777))
	ts.Check(os.WriteFile(filepath.Join(dir, args[1]+"-images.gz"), zipped.Bytes(), 0o666))
	ts.Check(os.WriteFile(filepath.Join(dir, args[1]+"-labels"), labels, 0o666))
}

func plant(green, seed int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			c := color.RGBA{uint8(120 + (x*7+y*13+seed*29)%32), 90, 60, 255}
			if x < green && y < green {
				c = color.RGBA{40, uint8(160 + (x*5+y*3+seed*17)%64), 50, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

// sheet CSV XLSX makes a spreadsheet of a text table.
func sheet(ts *testscript.TestScript, _ bool, args []string) {
	records, err := csv.NewReader(strings.NewReader(ts.ReadFile(args[0]))).ReadAll()
	ts.Check(err)
	rows := make([][]any, len(records)-1)
	for i, record := range records[1:] {
		for _, field := range record {
			if number, err := strconv.ParseFloat(field, 64); err == nil {
				rows[i] = append(rows[i], number)
			} else {
				rows[i] = append(rows[i], field)
			}
		}
	}
	ts.Check(table.Write(ts.MkAbs(args[1]), records[0], rows))
}

// serve FOLDER ARCHIVE RECIPE packs a folder into ARCHIVE and serves it by https on this
// machine, whose programs trust the server from then on. In the recipe it writes the
// address in the place of URL, and the sum in that of SUM. The first answer ends in the
// middle. The file ARCHIVE.asked has a line for each request, with the range that it asked for.
func serve(ts *testscript.TestScript, _ bool, args []string) {
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	ts.Check(w.AddFS(os.DirFS(ts.MkAbs(args[0]))))
	ts.Check(w.Close())
	asked := ts.MkAbs(args[1] + ".asked")
	requests := 0
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log, err := os.OpenFile(asked, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
		if err == nil {
			fmt.Fprintf(log, "%s %s\n", r.URL.Path, r.Header.Get("Range"))
			log.Close()
		}
		if requests++; requests == 1 {
			w.Header().Set("Content-Length", strconv.Itoa(archive.Len()))
			_, _ = w.Write(archive.Bytes()[:archive.Len()/2])
			panic(http.ErrAbortHandler)
		}
		http.ServeContent(w, r, args[1], time.Time{}, bytes.NewReader(archive.Bytes()))
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	ts.Defer(server.Close)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	ts.Check(os.WriteFile(ts.MkAbs("trusted.pem"), certificate, 0o666))
	ts.Setenv("SSL_CERT_FILE", ts.MkAbs("trusted.pem"))
	text := strings.ReplaceAll(ts.ReadFile(args[2]), "URL", server.URL+"/"+args[1])
	text = strings.ReplaceAll(text, "SUM", fmt.Sprintf("%x", sha256.Sum256(archive.Bytes())))
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(text), 0o666))
}

// brighten FROM TO N writes a PNG again whose colours are N brighter.
func brighten(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	m, err := png.Decode(strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	photo := m.(*image.RGBA)
	for i, v := range photo.Pix {
		photo.Pix[i] = uint8(min(int(v)+n, 255))
	}
	var file bytes.Buffer
	ts.Check(png.Encode(&file, photo))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), file.Bytes(), 0o666))
}

// widen FROM TO writes a PNG again, as the middle of one three times as wide.
func widen(ts *testscript.TestScript, _ bool, args []string) {
	photo, err := png.Decode(strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	wide := image.NewRGBA(image.Rect(0, 0, 3*side, side))
	draws.Draw(wide, image.Rect(side, 0, 2*side, side), photo, image.Point{}, draws.Src)
	var file bytes.Buffer
	ts.Check(png.Encode(&file, wide))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), file.Bytes(), 0o666))
}

// giant FILE N makes a PNG of a few bytes whose header claims N x N pixels.
func giant(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.ParseUint(args[1], 10, 32)
	ts.Check(err)
	header := binary.BigEndian.AppendUint32([]byte("IHDR"), uint32(n))
	header = binary.BigEndian.AppendUint32(header, uint32(n))
	header = append(header, 8, 2, 0, 0, 0) // 8 bits, RGB
	file := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	file = append(file, header...)
	file = binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(header))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), file, 0o666))
}

// truncate FILE cuts a file in half.
func truncate(ts *testscript.TestScript, _ bool, args []string) {
	data := ts.ReadFile(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(data[:len(data)/2]), 0o666))
}

// flip PATH changes the lowest bit of the last byte of a file, or of every file
// below a folder.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	for path, content := range files(ts, args) {
		data := []byte(content)
		data[len(data)-1] ^= 1
		ts.Check(os.WriteFile(path, data, 0o666))
	}
}

// lines FILE ends the lines of a text as Windows does.
func lines(ts *testscript.TestScript, _ bool, args []string) {
	data := strings.ReplaceAll(ts.ReadFile(args[0]), "\n", "\r\n")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(data), 0o666))
}

// replace FILE PATTERN TEXT changes the first match of a regular expression.
func replace(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: replace FILE PATTERN TEXT")
	}
	data := ts.ReadFile(args[0])
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	at := pattern.FindStringSubmatchIndex(data)
	if at == nil {
		ts.Fatalf("%s holds no %s", args[0], args[1])
	}
	text := pattern.ExpandString(nil, args[2], data, at)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(data[:at[0]]+string(text)+data[at[1]:]), 0o666))
}

// snapshot PATH... remembers files and everything below folders, for same.
func snapshot(ts *testscript.TestScript, _ bool, args []string) {
	env := ts.Value("env").(*testscript.Env)
	env.Values["snapshot"] = files(ts, args)
	env.Values["paths"] = args
}

// same wants that what snapshot remembered is unchanged, and nothing added. The
// log of the runs may grow.
func same(ts *testscript.TestScript, _ bool, args []string) {
	paths, ok := ts.Value("paths").([]string)
	if !ok || len(args) != 0 {
		ts.Fatalf("usage: same, after snapshot")
	}
	before, after := ts.Value("snapshot").(map[string]string), files(ts, paths)
	changed := false
	for _, path := range slices.Sorted(maps.Keys(before)) {
		if now, ok := after[path]; !ok {
			ts.Logf("%s is gone", path)
			changed = true
		} else if now != before[path] {
			ts.Logf("%s changed", path)
			changed = true
		}
	}
	for _, path := range slices.Sorted(maps.Keys(after)) {
		if _, ok := before[path]; !ok {
			ts.Logf("%s is new", path)
			changed = true
		}
	}
	if changed {
		ts.Fatalf("files changed")
	}
}

func files(ts *testscript.TestScript, paths []string) map[string]string {
	content := map[string]string{}
	for _, root := range paths {
		err := filepath.WalkDir(ts.MkAbs(root), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || d.Name() == "run.log" {
				return err
			}
			data, err := os.ReadFile(path)
			content[path] = string(data)
			return err
		})
		ts.Check(err)
	}
	return content
}

// sharing A B N wants that exactly N of the lines of two files are in both.
func sharing(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: sharing A B N")
	}
	in := strings.Split(strings.TrimSpace(ts.ReadFile(args[0])), "\n")
	n := 0
	for _, line := range strings.Split(strings.TrimSpace(ts.ReadFile(args[1])), "\n") {
		if slices.Contains(in, line) {
			n++
		}
	}
	if strconv.Itoa(n) != args[2] {
		ts.Fatalf("%d lines are in both, not %s", n, args[2])
	}
}

// disk DIR SIZE mounts a small empty disk until the script ends.
func disk(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o777))
	ts.Check(mount(dir, args[1]))
	ts.Defer(func() {
		if err := exec.Command("umount", dir).Run(); err != nil {
			ts.Logf("umount %s: %v", dir, err)
		}
	})
}

func mount(dir, size string) error {
	return exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "none", dir).Run()
}
