package condition

import (
	"fmt"
	"math"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// answer is one of three; and is their minimum, or their maximum.
type answer int8

const (
	no answer = iota
	unknown
	yes
)

func answerOf(b bool) answer {
	if b {
		return yes
	}
	return no
}

// row gives the cells of a row by the index of their column.
type row = func(index int) Value

// The three kinds of compiled expressions. A number that is not known is NaN, so
// sums and products with it are; a text that is not known says so beside it.
type (
	truth  func(row) answer
	number func(row) float64
	text   func(row) (string, bool)
)

// expression is compiled; the field of its kind is set. Of Nothing all are.
type expression struct {
	kind   Kind
	truth  truth
	number number
	text   text
	remark string // on the column that it is, if it is one
}

// compiler turns nodes into functions.
type compiler struct {
	find func(name string) (Column, error)
}

// refuse is an error at a node.
func refuse(n ast.Node, format string, args ...any) error {
	return fmt.Errorf("character %d: %s", n.Location().From+1, fmt.Sprintf(format, args...))
}

// mismatch is the error of an expression that is not what is wanted.
func (e expression) mismatch(n ast.Node, want string) error {
	if e.remark != "" {
		return refuse(n, "%s is %s, not %s: %s", n, e.kind, want, e.remark)
	}
	return refuse(n, "%s is %s, not %s", n, e.kind, want)
}

func (e expression) asTruth(n ast.Node) (truth, error) {
	if e.truth == nil {
		return nil, e.mismatch(n, "a condition that is true or false")
	}
	return e.truth, nil
}

func (e expression) asNumber(n ast.Node) (number, error) {
	if e.number == nil {
		return nil, e.mismatch(n, "a number")
	}
	return e.number, nil
}

func (e expression) asText(n ast.Node) (text, error) {
	if e.text == nil {
		return nil, e.mismatch(n, "a text")
	}
	return e.text, nil
}

// compile compiles a node. Of a < b < c the parser makes a < b and b < c, where b
// is one node; that b is a number or a text, so nothing in it counts twice again, and
// errors, which show nodes only after these were compiled, stay short.
func (p *compiler) compile(n ast.Node) (expression, error) {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return constant(float64(n.Value)), nil
	case *ast.FloatNode:
		return constant(n.Value), nil
	case *ast.StringNode:
		s := n.Value
		return expression{kind: Text, text: func(row) (string, bool) { return s, true }}, nil
	case *ast.BoolNode:
		a := answerOf(n.Value)
		return expression{kind: Truth, truth: func(row) answer { return a }}, nil
	case *ast.IdentifierNode:
		return p.column(n, n.Value)
	case *ast.CallNode:
		return p.call(n)
	case *ast.UnaryNode:
		return p.unary(n)
	case *ast.BinaryNode:
		return p.binary(n)
	case *ast.BuiltinNode:
		return expression{}, refuse(n, "there is no function %s: there are missing(x) and column(\"name\")", n.Name)
	}
	return expression{}, refuse(n, "this is not part of a condition: it has columns, numbers, texts in quotes, comparisons, + - * /, and, or, not, in [...], contains, startsWith, endsWith, missing(x) and column(\"name\")")
}

func constant(x float64) expression {
	return expression{kind: Number, number: func(row) float64 { return x }}
}

// column compiles the value of a column.
func (p *compiler) column(n ast.Node, name string) (expression, error) {
	c, err := p.find(name)
	if err != nil {
		return expression{}, refuse(n, "%v", err)
	}
	e := expression{kind: c.Kind, remark: c.Remark}
	index := c.Index
	if c.Kind == Number || c.Kind == Nothing {
		e.number = func(r row) float64 {
			if v := r(index); !v.Empty {
				return v.Number
			}
			return math.NaN()
		}
	}
	if c.Kind == Text || c.Kind == Nothing {
		e.text = func(r row) (string, bool) { v := r(index); return v.Text, !v.Empty }
	}
	if c.Kind == Truth || c.Kind == Nothing {
		e.truth = func(r row) answer {
			if v := r(index); !v.Empty {
				return answerOf(v.Text == "true")
			}
			return unknown
		}
	}
	return e, nil
}

// call compiles column("name"), for names that are no words, and missing(x).
func (p *compiler) call(n *ast.CallNode) (expression, error) {
	callee, _ := n.Callee.(*ast.IdentifierNode)
	switch {
	case callee == nil:
		return expression{}, refuse(n, "this is no function: there are missing(x) and column(\"name\")")
	case callee.Value != "column" && callee.Value != "missing":
		return expression{}, refuse(n, "there is no function %s: there are missing(x) and column(\"name\")", callee.Value)
	case len(n.Arguments) != 1:
		return expression{}, refuse(n, "%s takes one value, not %d", callee.Value, len(n.Arguments))
	}
	if callee.Value == "column" {
		name, ok := n.Arguments[0].(*ast.StringNode)
		if !ok {
			return expression{}, refuse(n, "column takes the name of a column in quotes")
		}
		return p.column(n, name.Value)
	}
	e, err := p.compile(n.Arguments[0])
	if err != nil {
		return expression{}, err
	}
	missing := func(r row) answer { return answerOf(e.truth(r) == unknown) }
	switch {
	case e.number != nil:
		missing = func(r row) answer { return answerOf(math.IsNaN(e.number(r))) }
	case e.text != nil:
		missing = func(r row) answer { _, known := e.text(r); return answerOf(!known) }
	}
	return expression{kind: Truth, truth: missing}, nil
}

func (p *compiler) unary(n *ast.UnaryNode) (expression, error) {
	e, err := p.compile(n.Node)
	if err != nil {
		return expression{}, err
	}
	if n.Operator == "not" || n.Operator == "!" {
		t, err := e.asTruth(n.Node)
		return expression{kind: Truth, truth: func(r row) answer { return yes - t(r) }}, err
	}
	x, err := e.asNumber(n.Node)
	if n.Operator == "-" {
		return expression{kind: Number, number: func(r row) float64 { return -x(r) }}, err
	}
	return expression{kind: Number, number: x}, err
}

func (p *compiler) binary(n *ast.BinaryNode) (expression, error) {
	if n.Operator == "in" {
		return p.member(n)
	}
	a, err := p.compile(n.Left)
	if err != nil {
		return expression{}, err
	}
	b, err := p.compile(n.Right)
	if err != nil {
		return expression{}, err
	}
	var e expression
	switch n.Operator {
	case "and", "&&", "or", "||":
		e, err = logical(n, a, b)
	case "==", "!=", "<", "<=", ">", ">=":
		e, err = compare(n, a, b)
	case "+", "-", "*", "/":
		e, err = arithmetic(n, a, b)
	case "contains", "startsWith", "endsWith":
		e, err = search(n, a, b)
	default:
		err = refuse(n, "there is no operator %s: there are and, or, not, == != < <= > >=, + - * /, in, contains, startsWith and endsWith", n.Operator)
	}
	return e, err
}

func logical(n *ast.BinaryNode, a, b expression) (expression, error) {
	x, err := a.asTruth(n.Left)
	if err != nil {
		return expression{}, err
	}
	y, err := b.asTruth(n.Right)
	if n.Operator == "and" || n.Operator == "&&" {
		return expression{kind: Truth, truth: func(r row) answer { return min(x(r), y(r)) }}, err
	}
	return expression{kind: Truth, truth: func(r row) answer { return max(x(r), y(r)) }}, err
}

// compare compiles a comparison of two numbers, two texts (by their bytes in
// UTF-8) or, for equality, two truth values.
func compare(n *ast.BinaryNode, a, b expression) (expression, error) {
	holds := func(sign int) answer {
		switch n.Operator {
		case "==":
			return answerOf(sign == 0)
		case "!=":
			return answerOf(sign != 0)
		case "<":
			return answerOf(sign < 0)
		case "<=":
			return answerOf(sign <= 0)
		case ">":
			return answerOf(sign > 0)
		}
		return answerOf(sign >= 0)
	}
	var t truth
	switch equality := n.Operator == "==" || n.Operator == "!="; {
	case a.number != nil && b.number != nil:
		t = func(r row) answer {
			x, y := a.number(r), b.number(r)
			switch {
			case x < y:
				return holds(-1)
			case x > y:
				return holds(1)
			case x == y:
				return holds(0)
			}
			return unknown
		}
	case a.text != nil && b.text != nil:
		t = func(r row) answer {
			x, known := a.text(r)
			y, alike := b.text(r)
			if !known || !alike {
				return unknown
			}
			return holds(strings.Compare(x, y))
		}
	case equality && a.truth != nil && b.truth != nil:
		t = func(r row) answer {
			x, y := a.truth(r), b.truth(r)
			if x == unknown || y == unknown {
				return unknown
			}
			return holds(int(x) - int(y))
		}
	default:
		reason := ""
		for _, remark := range []string{a.remark, b.remark} {
			if remark != "" {
				reason += ": " + remark
			}
		}
		return expression{}, refuse(n, "%s is %s and %s is %s: they cannot be compared by %s%s", n.Left, a.kind, n.Right, b.kind, n.Operator, reason)
	}
	return expression{kind: Truth, truth: t}, nil
}

// arithmetic compiles an operation on two numbers. What is no finite number is
// not known.
func arithmetic(n *ast.BinaryNode, a, b expression) (expression, error) {
	x, err := a.asNumber(n.Left)
	if err != nil {
		return expression{}, err
	}
	y, err := b.asNumber(n.Right)
	operate := map[string]func(a, b float64) float64{
		"+": func(a, b float64) float64 { return a + b },
		"-": func(a, b float64) float64 { return a - b },
		"*": func(a, b float64) float64 { return a * b },
		"/": func(a, b float64) float64 { return a / b },
	}[n.Operator]
	return expression{kind: Number, number: func(r row) float64 {
		if z := operate(x(r), y(r)); !math.IsInf(z, 0) {
			return z
		}
		return math.NaN()
	}}, err
}

// search compiles a look into a text.
func search(n *ast.BinaryNode, a, b expression) (expression, error) {
	x, err := a.asText(n.Left)
	if err != nil {
		return expression{}, err
	}
	y, err := b.asText(n.Right)
	look := map[string]func(s, part string) bool{"contains": strings.Contains, "startsWith": strings.HasPrefix, "endsWith": strings.HasSuffix}[n.Operator]
	return expression{kind: Truth, truth: func(r row) answer {
		s, known := x(r)
		part, alike := y(r)
		if !known || !alike {
			return unknown
		}
		return answerOf(look(s, part))
	}}, err
}

// member compiles x in [a, b, c]: x equals one of them.
func (p *compiler) member(n *ast.BinaryNode) (expression, error) {
	list, ok := n.Right.(*ast.ArrayNode)
	if !ok || len(list.Nodes) == 0 {
		return expression{}, refuse(n.Right, "in needs a list of values, e.g. in [1, 2]")
	}
	x, err := p.compile(n.Left)
	if err != nil {
		return expression{}, err
	}
	var equal []truth
	for _, item := range list.Nodes {
		y, err := p.compile(item)
		if err != nil {
			return expression{}, err
		}
		same := &ast.BinaryNode{Operator: "==", Left: n.Left, Right: item}
		same.SetLocation(item.Location())
		e, err := compare(same, x, y)
		if err != nil {
			return expression{}, err
		}
		equal = append(equal, e.truth)
	}
	return expression{kind: Truth, truth: func(r row) answer {
		best := no
		for _, t := range equal {
			best = max(best, t(r))
		}
		return best
	}}, nil
}
