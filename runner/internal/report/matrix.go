package report

import (
	"image/color"
	"strconv"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"biomass/runner/internal/evaluate"
)

// matrix draws a table of numbers whose cells are the stronger in colour the larger the
// number: a row a class.
type matrix struct {
	rows, columns []string
	cell          func(row, column int) cell
	// apart is how many of the last columns stand away from the others, twice as wide.
	apart int
}

// cell is one number of a matrix, its title, and how strong its colour is, 0 to 256. An
// empty text leaves it blank.
type cell struct {
	text, title string
	paint       color.NRGBA
	strength    int
}

const (
	leastCell = 16 // so many pixels a column has, while the chart is no wider than widest
	widest    = 1000
	mostName  = 180
	gap       = 12 // before the columns that stand apart
	smallest  = 7  // letters below this size are not worth their ink
)

const quarterTurn = 1.5707963267948966

// grid is where a matrix has its cells.
type grid struct {
	rows, columns names
	side, height  vg.Length // of a cell
	head          vg.Length // how much the names of columns take
	upright       bool      // they stand
}

// draw makes the matrix the body of a chart; nil where a narrow one has no room for it.
func (m matrix) draw(c *chart, alternative string) *chart {
	n := vg.Length(len(m.columns) + m.apart)
	most := min(mostName, vg.Length(c.width*0.3))
	g := grid{rows: newNames(m.rows, rowHeight(len(m.rows)), most), head: textSize + 10}
	room := vg.Length(2*margin + 10)
	if m.apart > 0 {
		room += gap
	}
	width := min(widest, max(c.width, room+g.rows.width+vg.Length(n*leastCell)))
	if c.width <= narrow && width > narrow {
		return nil // the wide one has to do
	}
	c.width = width
	g.side = (width - room - g.rows.width) / n
	g.height = max(min(g.side, 60), 10)
	if len(m.rows) != len(m.columns) {
		g.height = max(min(g.height, rowHeight(len(m.rows))), 10)
	}
	g.side = min(g.side, max(2*g.height, 170))
	g.rows = newNames(m.rows, g.height, most)
	if g.side >= 100 {
		most = g.side - 8
	}
	g.columns = newNames(m.columns, min(26, g.side), most)
	for j, name := range g.columns.list {
		g.upright = g.upright || g.columns.style.Width(name) > m.wide(g, j)-4
	}
	if g.upright {
		g.head = g.columns.width + 10
	}
	c.body = func(area draw.Canvas) { m.paint(area, g) }
	return c.of(4+g.head+vg.Length(vg.Length(len(m.rows))*g.height), alternative)
}

// wide is how wide a column is.
func (m matrix) wide(g grid, column int) vg.Length {
	if column >= len(m.columns)-m.apart {
		return 2 * g.side
	}
	return g.side
}

// paint draws the cells, the names of the rows beside them and those of the columns above.
func (m matrix) paint(area draw.Canvas, g grid) {
	style := letters(m.size(g), ink, false)
	style.XAlign, style.YAlign = draw.XCenter, draw.YCenter
	heads := g.columns.style
	heads.XAlign, heads.YAlign = draw.XCenter, draw.YBottom
	if g.upright {
		heads.Rotation, heads.XAlign, heads.YAlign = quarterTurn, draw.XLeft, draw.YCenter
	}
	top, space := area.Max.Y-g.head, min(1, g.side/12)
	left, x := make([]vg.Length, len(m.columns)), area.Min.X+g.rows.width+10
	for j, name := range g.columns.list {
		if m.apart > 0 && j == len(m.columns)-m.apart {
			x += gap
		}
		left[j] = x
		area.FillText(heads, vg.Point{X: x + vg.Length(m.wide(g, j)/2), Y: top + 6}, name)
		x += m.wide(g, j)
	}
	for i, name := range g.rows.list {
		y := top - vg.Length(vg.Length(i)*g.height)
		middle := y - vg.Length(g.height/2)
		g.rows.write(area, name, area.Min.X+g.rows.width, middle)
		for j := range m.columns {
			cell, width := m.cell(i, j), m.wide(g, j)
			titled(area, cell.title)
			fill(area, mix(cell.paint, cell.strength), left[j]+space, y-g.height+space, left[j]+width-space, y-space)
			if cell.text != "" && style.Font.Size >= smallest {
				area.FillText(style, vg.Point{X: left[j] + vg.Length(width/2), Y: middle}, cell.text)
			}
		}
	}
}

// size is that of letters with which every text fits its cell.
func (m matrix) size(g grid) vg.Length {
	style := letters(textSize, ink, false)
	size := min(textSize, g.height*0.8)
	for i := range m.rows {
		for j := range m.columns {
			if text := m.cell(i, j).text; text != "" {
				size = min(size, textSize*(m.wide(g, j)-4)/style.Width(text))
			}
		}
	}
	return size
}

// judgement is the cell of a confusion matrix with this text and strength.
func (d Document) judgement(row, column int, text string, strength int) cell {
	e := d.Evaluation
	part := e.Result()
	c := cell{text: text, paint: orange, strength: strength}
	if row == column {
		c.paint = blue
	}
	c.title = d.t("%s taken for %s: %s of %s", e.Classes[row], e.Classes[column], d.count(part.Confusion[row][column]), d.plural(part.Counts[row], "photo"))
	return c
}

// drawConfusion draws the confusion matrix of the result's part in photos: a row a true
// class, a column a predicted one. What is right is shaded by the most that any class has
// right, what is wrong by the most that are wrong alike, so that both can be seen.
func drawConfusion(d Document) *chart {
	e := d.Evaluation
	counts := e.Result().Confusion
	most := map[bool]int{}
	for i, row := range counts {
		for j, n := range row {
			most[i == j] = max(most[i == j], n)
		}
	}
	c := d.newChart(d.t("Predicted against true %s", e.Target), confusionText(d), "", d.t("photos; true by row, predicted by column"))
	c.legend = d.judgedKeys()
	return matrix{rows: e.Classes, columns: e.Classes, cell: func(i, j int) cell {
		n := counts[i][j]
		if n == 0 {
			return d.judgement(i, j, "", 0)
		}
		return d.judgement(i, j, d.count(n), 256*n/most[i == j])
	}}.draw(c, d.t("Confusion matrix: %s", confusionText(d)))
}

// drawShares draws the confusion matrix in shares of each true class.
func drawShares(d Document) *chart {
	e := d.Evaluation
	part := e.Result()
	c := d.newChart(d.t("Predicted against true %s, in shares", e.Target), sharesText(d), "", d.t("%% of the photos of each true class; true by row, predicted by column"))
	c.legend = d.judgedKeys()
	return matrix{rows: e.Classes, columns: e.Classes, cell: func(i, j int) cell {
		n, of := part.Confusion[i][j], part.Counts[i]
		if n == 0 {
			return d.judgement(i, j, "", 0)
		}
		return d.judgement(i, j, d.wholePercent(n, of), 256*n/of)
	}}.draw(c, d.t("Confusion matrix in shares: %s", sharesText(d)))
}

func (d Document) judgedKeys() []key {
	return []key{{name: d.t("right"), color: blue}, {name: d.t("wrong"), color: orange}}
}

// wholePercent writes a share in whole percent, without their sign.
func (l Language) wholePercent(n, of int) string {
	if n > 0 && 100*n < of {
		return "<1"
	}
	return l.decimal(100*float64(n)/float64(of), 0)
}

// confusionText says what the confusion matrix shows, in numbers.
func confusionText(d Document) string {
	e := d.Evaluation
	part := e.Result()
	right := 0
	for i, row := range part.Confusion {
		right += row[i]
	}
	said := d.t("%s of %s of the %s part are right", d.count(right), d.plural(part.Photos, "photo"), d.first(part.Name))
	if pairs := e.Classification.Confused; len(pairs) > 0 {
		p := pairs[0]
		said += d.t("; most often %s is taken for %s, %s", e.Classes[p.True], e.Classes[p.Predicted], timesText(d, p.Photos))
	}
	return said
}

// sharesText says which class is found best and which worst.
func sharesText(d Document) string {
	e := d.Evaluation
	best, worst := -1, -1
	for class, s := range e.Result().ClassScores {
		switch {
		case s.Support == 0:
		case best < 0:
			best, worst = class, class
		default:
			if s.Recall > e.Result().ClassScores[best].Recall {
				best = class
			}
			if s.Recall < e.Result().ClassScores[worst].Recall {
				worst = class
			}
		}
	}
	recall := func(class int) string { return d.percent(e.Result().ClassScores[class].Recall) }
	if best == worst || recall(best) == recall(worst) {
		return d.t("%s of the photos of every class are right", recall(best))
	}
	return d.t("from %s of %s to %s of %s are right", recall(worst), e.Classes[worst], recall(best), e.Classes[best])
}

func timesText(d Document, n int) string {
	if n == 1 {
		return d.t("once")
	}
	return d.t("%s times", d.count(n))
}

// drawBatches draws which classes the first batches are made of, where a sampler balances
// them, beside the shares of the training part.
func drawBatches(d Document) *chart {
	e := d.Evaluation
	batches := e.Classification.Batches
	if len(batches) == 0 {
		return nil
	}
	m := matrix{rows: e.Classes, apart: 2}
	train, drawn := e.Part(evaluate.Train).Counts, drawnOf(batches)
	most, shares := 1, 1.0
	for i, batch := range batches {
		m.columns = append(m.columns, strconv.Itoa(i+1))
		for class, n := range batch {
			most = max(most, n)
			shares = max(shares, share(drawn, class), share(train, class))
		}
	}
	m.columns = append(m.columns, d.t("together"), d.part(evaluate.Train))
	m.cell = func(i, j int) cell {
		if j < len(batches) {
			n := batches[j][i]
			c := cell{title: d.t("%s, batch %d: %s", e.Classes[i], j+1, d.plural(n, "photo")), paint: blue, strength: 256 * n / most}
			if n > 0 {
				c.text = d.count(n)
			}
			return c
		}
		counts := drawn
		if j > len(batches) {
			counts = train
		}
		s := share(counts, i)
		c := cell{text: d.decimal(s, 1) + " %", paint: blue, strength: int(256 * s / shares)}
		if j == len(batches) {
			c.title = d.t("%s: %s of the first batches", e.Classes[i], c.text)
		} else {
			c.title = d.t("%s: %s of the %s part", e.Classes[i], c.text, d.first(evaluate.Train))
		}
		return c
	}
	c := d.newChart(d.t("The classes of the first batches"), batchesText(d), "", d.t("photos by class, a column a batch; their share together, and that of the training part"))
	return m.draw(c, d.t("The classes of the first batches: %s", batchesText(d)))
}

// drawnOf counts the photos of each class in all batches.
func drawnOf(batches [][]int) []int {
	total := make([]int, len(batches[0]))
	for _, batch := range batches {
		for class, n := range batch {
			total[class] += n
		}
	}
	return total
}

// share is that of a class, in percent.
func share(counts []int, class int) float64 {
	all := 0
	for _, n := range counts {
		all += n
	}
	return 100 * float64(counts[class]) / float64(max(all, 1))
}

// batchesText says how far the batches are from the training part, in numbers.
func batchesText(d Document) string {
	span := func(counts []int) string {
		least, most := 100.0, 0.0
		for class := range counts {
			least, most = min(least, share(counts, class)), max(most, share(counts, class))
		}
		if least == most {
			return d.decimal(least, 1) + " %"
		}
		return d.t("%s to %s", d.decimal(least, 1), d.decimal(most, 1)) + " %"
	}
	e := d.Evaluation
	batches := e.Classification.Batches
	drawn := drawnOf(batches)
	photos := 0
	for _, n := range drawn {
		photos += n
	}
	return d.t("%s of the first %s: each class has %s of them, and %s of the training part",
		d.plural(photos, "photo"), d.plural(len(batches), "step"), span(drawn), span(e.Part(evaluate.Train).Counts))
}
