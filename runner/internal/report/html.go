package report

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	stdhtml "html"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// What every page brings along.
var (
	//go:embed style.css
	pageStyle string
	//go:embed script.js
	pageScript string
)

// htmlPage makes one file of report.md and its pictures, which needs nothing beside
// it and may load and run nothing from elsewhere. All that it says is in the
// Markdown, so that the two cannot disagree.
func htmlPage(l Language, markdown []byte, pictures map[string]shown) ([]byte, error) {
	page := &pageRenderer{pictures: pictures}
	converter := goldmark.New(
		goldmark.WithExtensions(extension.GFM),
		goldmark.WithParserOptions(parser.WithAutoHeadingID(), parser.WithASTTransformers(util.Prioritized(alerts{l}, 1))),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(page, 1))), // before goldmark's own
	)
	tree := converter.Parser().Parse(text.NewReader(markdown))
	var body bytes.Buffer
	if err := converter.Renderer().Render(&body, markdown, tree); err != nil {
		return nil, err
	}
	title, contents := outline(l, tree, markdown)
	hash := sha256.Sum256([]byte(pageScript))
	var out bytes.Buffer
	fmt.Fprintf(&out, `<!DOCTYPE html>
<html lang="%s">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; script-src 'sha256-%s'">
<title>%s</title>
<style>
%s%s
</style>
</head>
<body data-hint="%s">
%s<main>
%s</main>
<script>%s</script>
</body>
</html>
`, l.tag(), base64.StdEncoding.EncodeToString(hash[:]), title, pageStyle, plotRules(pictures),
		l.t("The arrow keys show the values one by one."), contents, body.Bytes(), pageScript)
	return out.Bytes(), nil
}

// outline returns the page's title and links to its sections.
func outline(l Language, tree ast.Node, source []byte) (title, contents string) {
	var links bytes.Buffer
	for n := tree.FirstChild(); n != nil; n = n.NextSibling() {
		h, ok := n.(*ast.Heading)
		if !ok {
			continue
		}
		switch id, _ := h.AttributeString("id"); {
		case h.Level == 1 && title == "":
			title = textOf(h, source)
		case h.Level == 2:
			fmt.Fprintf(&links, "<li><a href=\"#%s\">%s</a></li>\n", id, textOf(h, source))
		}
	}
	return title, fmt.Sprintf("<nav aria-label=\"%s\">\n<ul>\n%s</ul>\n</nav>\n", l.t("Contents"), links.String())
}

var svgText = regexp.MustCompile(`<text ([^>]*)>([^<]*)</text>`)

// plotRules are the letters of all plots of a page, and their colours on a dark one.
func plotRules(pictures map[string]shown) string {
	var all, regular, bold strings.Builder
	for _, name := range slices.Sorted(maps.Keys(pictures)) {
		if pictures[name].sheet != nil {
			continue
		}
		for _, svg := range [][]byte{pictures[name].file, pictures[name].narrow} {
			all.Write(svg)
			for _, found := range svgText.FindAllSubmatch(svg, -1) {
				letters := &regular
				if bytes.Contains(found[1], []byte(boldText)) {
					letters = &bold
				}
				letters.WriteString(stdhtml.UnescapeString(string(found[2])))
			}
		}
	}
	return fontRule(regular.String(), false) + fontRule(bold.String(), true) + "\n" + darkRules(all.String())
}

// alerts turns a quote that begins with a line such as [!WARNING] into a note, as
// GitHub does.
type alerts struct{ Language }

var alertTitles = map[string]word{"[!NOTE]": "Note", "[!WARNING]": "Warning"}

// Transform implements parser.ASTTransformer.
func (a alerts) Transform(tree *ast.Document, reader text.Reader, _ parser.Context) {
	for n := tree.FirstChild(); n != nil; n = n.NextSibling() {
		first, ok := n.FirstChild().(*ast.Paragraph)
		if !ok || n.Kind() != ast.KindBlockquote || first.Lines().Len() == 0 {
			continue
		}
		line := first.Lines().At(0)
		kind := strings.TrimSpace(string(line.Value(reader.Source())))
		title, ok := alertTitles[kind]
		if !ok {
			continue
		}
		for child := first.FirstChild(); child != nil; child = first.FirstChild() {
			first.RemoveChild(first, child)
			if t, ok := child.(*ast.Text); ok && t.SoftLineBreak() {
				break // the end of the first line
			}
		}
		if first.ChildCount() == 0 {
			n.RemoveChild(n, first)
		}
		head := ast.NewParagraph()
		head.AppendChild(head, ast.NewString([]byte(a.word(title))))
		head.SetAttributeString("class", []byte("title"))
		n.InsertBefore(n, n.FirstChild(), head)
		n.SetAttributeString("class", []byte(strings.ToLower(strings.Trim(kind, "[!]"))))
		n.SetAttributeString("role", []byte("note"))
	}
}

// pageRenderer writes what a report has otherwise than goldmark does.
type pageRenderer struct {
	pictures map[string]shown
}

// RegisterFuncs implements renderer.NodeRenderer.
func (p *pageRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindParagraph, p.paragraph)
	r.Register(ast.KindImage, p.image)
	r.Register(ast.KindHTMLBlock, p.block)
	r.Register(ast.KindRawHTML, p.inline)
	r.Register(extast.KindTable, p.table)
	r.Register(extast.KindTableCell, p.cell)
}

// paragraph makes a picture that stands alone a figure.
func (p *pageRenderer) paragraph(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	tag := "p"
	if n.ChildCount() == 1 && n.FirstChild().Kind() == ast.KindImage {
		tag = "figure"
	}
	if !entering {
		w.WriteString("</" + tag + ">\n")
		return ast.WalkContinue, nil
	}
	w.WriteString("<" + tag)
	html.RenderAttributes(w, n, html.GlobalAttributeFilter)
	w.WriteString(">")
	return ast.WalkContinue, nil
}

var (
	svgTitle = regexp.MustCompile(`(?s)<title>[^<]*</title>\n<style>.*?</style>\n`)
	svgRole  = []byte(` role="img"`)
)

// image puts a picture into the page: of a plot both widths, of which CSS shows one.
func (p *pageRenderer) image(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	name := string(node.(*ast.Image).Destination)
	picture, ok := p.pictures[name]
	if !ok {
		return ast.WalkStop, fmt.Errorf("the page shows %s, which was not made", name)
	}
	if !entering {
		return ast.WalkContinue, nil
	}
	alternative := textOf(node, source)
	if picture.sheet != nil {
		sheet, err := picture.sheet.html(alternative)
		w.Write(sheet)
		return ast.WalkSkipChildren, err
	}
	attributes := ""
	if picture.narrow != nil {
		attributes = ` class="wide"`
	}
	if err := plotInPage(w, name, picture.file, alternative, attributes); err != nil || picture.narrow == nil {
		return ast.WalkSkipChildren, err
	}
	return ast.WalkSkipChildren, plotInPage(w, name, picture.narrow, alternative, ` class="narrow"`)
}

// plotInPage writes an SVG without its title, which stands in the Markdown too, and its style,
// which the page has for all.
func plotInPage(w util.BufWriter, name string, svg []byte, alternative, attributes string) error {
	whole := svgTitle.FindIndex(svg)
	if whole == nil {
		return fmt.Errorf("%s has no title and style", name)
	}
	w.Write(bytes.Replace(svg[:whole[0]], svgRole, []byte(` role="img" aria-label="`+alternative+`"`+attributes), 1))
	w.Write(svg[whole[1]:])
	return nil
}

// textOf returns the text in a node, for an attribute or an element.
func textOf(n ast.Node, source []byte) string {
	var out bytes.Buffer
	w := util.BufWriter(bufio.NewWriter(&out))
	ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			html.DefaultWriter.Write(w, t.Segment.Value(source))
			if t.SoftLineBreak() {
				w.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	w.Flush()
	return out.String()
}

// ours is the HTML that the Markdown of a report may have; all other is shown as
// text, since it comes from the data.
var ours = regexp.MustCompile(`^(</?details>|<summary>[^<]*</summary>|</?su[bp]>|<br>)?$`)

func writeOurs(w util.BufWriter, line []byte) {
	if line = bytes.TrimSpace(line); ours.Match(line) {
		w.Write(line)
	} else {
		w.WriteString(stdhtml.EscapeString(string(line)))
	}
}

func (p *pageRenderer) block(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		for _, line := range n.Lines().Sliced(0, n.Lines().Len()) {
			writeOurs(w, line.Value(source))
			w.WriteString("\n")
		}
	} else if block := n.(*ast.HTMLBlock); block.HasClosure() {
		writeOurs(w, block.ClosureLine.Value(source))
	}
	return ast.WalkContinue, nil
}

func (p *pageRenderer) inline(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		for _, piece := range n.(*ast.RawHTML).Segments.Sliced(0, n.(*ast.RawHTML).Segments.Len()) {
			writeOurs(w, piece.Value(source))
		}
	}
	return ast.WalkSkipChildren, nil
}

// table may be wider than a narrow screen.
func (p *pageRenderer) table(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		w.WriteString("<div class=\"table\">\n<table>\n")
	} else {
		w.WriteString("</table>\n</div>\n")
	}
	return ast.WalkContinue, nil
}

// cell tells the heads of columns and rows: the first cell of a row says what the
// row is of. An empty one is no head.
func (p *pageRenderer) cell(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	open, end := "<td", "</td>\n"
	switch {
	case n.ChildCount() == 0:
	case n.Parent().Kind() == extast.KindTableHeader:
		open, end = `<th scope="col"`, "</th>\n"
	case n.PreviousSibling() == nil:
		open, end = `<th scope="row"`, "</th>\n"
	}
	if !entering {
		w.WriteString(end)
		return ast.WalkContinue, nil
	}
	w.WriteString(open)
	if n.(*extast.TableCell).Alignment == extast.AlignRight {
		w.WriteString(` class="number"`)
	}
	w.WriteString(">")
	return ast.WalkContinue, nil
}
