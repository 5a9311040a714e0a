package report

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"image"
	"image/color"
	"image/png"
	"io"
	"regexp"
	"strings"
	"testing"

	"biomass/runner/internal/evaluate"
)

// pageOf makes report.html of a text.
func pageOf(t *testing.T, d Document, markdown string, pictures map[string]shown) string {
	t.Helper()
	page, err := htmlPage(d.Language, []byte(markdown), pictures)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestPageElements(t *testing.T) {
	for name, c := range map[string]struct {
		markdown string
		want     []string
	}{
		"a note":           {"> [!NOTE]\n> Of **use**.", []string{`<blockquote class="note" role="note">`, `<p class="title">Note</p>`, "<p>Of <strong>use</strong>.</p>"}},
		"a warning":        {"> [!WARNING]\n> - one\n> - two", []string{`<blockquote class="warning" role="note">`, `<p class="title">Warning</p>`, "<li>two</li>"}},
		"a quote":          {"> [!SHOUT]\n> x", []string{"<blockquote>\n<p>[!SHOUT]"}},
		"heads of a table": {"| a |  | n |\n| --- | --- | ---: |\n| x | | 1 |\n| | y | 2 |", []string{`<th scope="col">a</th>`, "<td></td>", `<th scope="col" class="number">n</th>`, `<th scope="row">x</th>`, `<td class="number">1</td>`, "<td>y</td>"}},
		"contents":         {"# T & <i>\n\n## A `b`\n\n## C", []string{"<title>T &amp; ", `<li><a href="#a-b">A b</a></li>`, `<li><a href="#c">C</a></li>`, `<h2 id="c">`}},
		"our own HTML":     {"<details>\n<summary>All &lt;b></summary>\n\nx\n\n</details>", []string{"<details>\n<summary>All &lt;b></summary>\n", "</details>"}},
	} {
		got := pageOf(t, Document{}, c.markdown, nil)
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %s in\n%s", name, want, got[strings.Index(got, "<body"):strings.Index(got, "<script>")])
			}
		}
	}
}

// What the data say is shown as text, whatever it is.
func TestPageRunsNothing(t *testing.T) {
	for _, markdown := range []string{
		"<script>alert(1)</script>", "a <script>alert(1)</script> b", "<details onclick=alert(1)>", "<img src=x onerror=alert(1)>", "x <b onclick='alert(1)'>y</b>",
		"<summary><script>alert(1)</script></summary>", "[a](javascript:alert(1))", "<iframe src='https://example.org'></iframe>", "<!-- > <script>alert(1)</script> -->",
		"<style>body{display:none}</style>", "<details>\n<summary>x</summary><script>alert(1)</script>\n\n</details>",
	} {
		got := pageOf(t, Document{}, markdown, nil)
		main := got[strings.Index(got, "<main>"):strings.LastIndex(got, "</main>")]
		if bad := regexp.MustCompile(`<(script|img|iframe|style|b|\w+ on\w+)\b|href="javascript`).FindString(main); bad != "" {
			t.Errorf("%s: the page has %s:\n%s", markdown, bad, main)
		}
	}
}

// The page needs nothing beside it, and says what report.md says.
func TestPageStandsAlone(t *testing.T) {
	for name, change := range map[string]func(*evaluate.Input){"regression": nil, "classes": classes(5, 2)} {
		d := document(t, change)
		d.Language = German
		files, err := Render(d)
		if err != nil {
			t.Fatal(err)
		}
		page := string(files[htmlFile])
		if !strings.Contains(page, `<html lang="de">`) || !strings.Contains(page, `<nav aria-label="Inhalt">`) || !strings.Contains(page, "Warnung") {
			t.Errorf("%s: the page is not in German", name)
		}
		for _, found := range regexp.MustCompile(`(?i)(?:src|href|url|import)\s*[=(]\s*["']?([^"'\s)>]+)`).FindAllStringSubmatch(page, -1) {
			link := found[1]
			if programs := strings.HasSuffix(link, ".csv") || strings.HasSuffix(link, ".json"); programs && files[link] != nil {
				continue // a file to load or not, which shows nothing on the page
			}
			if !strings.HasPrefix(link, "data:") && !strings.HasPrefix(link, "#") && !strings.HasPrefix(link, "../../recipes/") && !strings.HasPrefix(link, "../../lock/") {
				t.Errorf("%s: the page refers to %s", name, link)
			}
		}
		if got, want := strings.Count(page, "<figure>"), strings.Count(string(files[pageFile]), "!["); got != want {
			t.Errorf("%s: %d pictures, report.md has %d", name, got, want)
		}
		if all, most := strings.Count(page, `<svg `), strings.Count(page, ` class="narrow"`); most < all/2-1 || most > all/2 {
			t.Errorf("%s: of %d plots, %d are for narrow pages", name, all, most)
		}
		if n := strings.Count(page, "@font-face"); n != 2 {
			t.Errorf("%s: %d fonts", name, n)
		}
		if ids := regexp.MustCompile(` id="([^"]*)"`).FindAllString(page, -1); len(ids) != len(unique(ids)) {
			t.Errorf("%s: ids are not unique: %v", name, ids)
		}
		if n := strings.Count(page, "<title>"); n < 30 {
			t.Errorf("%s: only %d marks have values", name, n)
		}
		body := page[strings.Index(page, "<main>") : strings.Index(page, "</main>")+len("</main>")]
		decoder := xml.NewDecoder(strings.NewReader(body)) // not strict: it checks that what is opened is closed
		decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
		for {
			if _, err := decoder.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}

func unique(list []string) map[string]bool {
	set := map[string]bool{}
	for _, s := range list {
		set[s] = true
	}
	return set
}

func TestPageMissesPicture(t *testing.T) {
	for _, pictures := range []map[string]shown{{}, {"a.svg": {file: []byte("<svg></svg>")}}} {
		for _, name := range []string{"a.svg", "a.png"} {
			if _, err := htmlPage("", []byte("![x]("+name+")"), pictures); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s of %v: %v", name, pictures, err)
			}
		}
	}
}

// The digest of a page is that of its pixels, not of how a Go release compresses them.
func TestDigestOfPixels(t *testing.T) {
	sheet := image.NewNRGBA(image.Rect(0, 0, 40, 30))
	for i := range sheet.Pix {
		sheet.Pix[i] = uint8(i * 7)
	}
	encoded := func(level png.CompressionLevel) map[string][]byte {
		var data bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: level}).Encode(&data, sheet); err != nil {
			t.Fatal(err)
		}
		page := `<img src="data:image/png;base64,` + base64.StdEncoding.EncodeToString(data.Bytes()) + `">`
		return map[string][]byte{htmlFile: []byte(page), samplesFile: data.Bytes()}
	}
	first, err := Digest(encoded(png.NoCompression))
	if err != nil {
		t.Fatal(err)
	}
	if second, err := Digest(encoded(png.BestCompression)); err != nil || second != first {
		t.Errorf("another compression, another digest: %v", err)
	}
	both := encoded(png.NoCompression)
	sheet.SetNRGBA(3, 3, color.NRGBA{1, 2, 3, 255})
	for _, name := range []string{htmlFile, samplesFile} {
		changed := map[string][]byte{htmlFile: both[htmlFile], samplesFile: both[samplesFile]}
		changed[name] = encoded(png.NoCompression)[name]
		if second, err := Digest(changed); err != nil || second == first {
			t.Errorf("another pixel in %s, the same digest: %v", name, err)
		}
	}
	huge := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x00\x00\x00\x01\x00\x00\x08\x06\x00\x00\x00\x7c\x1f\xd9\x37")
	for name, page := range map[string]string{
		"no base64": "data:image/png;base64,A", "no PNG": "data:image/png;base64,AAAA",
		"a bomb": "data:image/png;base64," + base64.StdEncoding.EncodeToString(huge),
	} {
		if _, err := Digest(map[string][]byte{htmlFile: []byte(page)}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A page of many photos stays small, and is written at once.
func TestPageOfManyPhotos(t *testing.T) {
	files, err := Render(document(t, func(in *evaluate.Input) {
		few := in.Samples
		in.Samples = nil
		for i := range 4000 {
			in.Samples = append(in.Samples, few[i%len(few)])
		}
		pixels := in.Pixels
		in.Pixels = func(i int) ([]uint8, error) { return pixels(i % len(few)) }
	}))
	if err != nil {
		t.Fatal(err)
	}
	if size := len(files[htmlFile]); size > 5<<20 {
		t.Errorf("report.html has %d bytes", size)
	}
	for name, n := range map[string]int{"fit.svg": 800} {
		if got := strings.Count(string(files[name]), "</title></circle>"); got != n {
			t.Errorf("%s has %d titles of points, want %d", name, got, n)
		}
	}
}
