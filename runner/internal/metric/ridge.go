package metric

import (
	"fmt"
	"math"
)

// Ridge is a linear regression whose coefficients are held small (Hoerl and
// Kennard: Ridge Regression, 1970). Features are standardised with the mean and
// standard deviation of the rows that it was fitted on.
type Ridge struct {
	Lambda       float64   `json:"lambda"`
	Intercept    float64   `json:"intercept"`
	Coefficients []float64 `json:"coefficients"` // for standardised features
	Mean         []float64 `json:"mean"`
	Deviation    []float64 `json:"deviation"` // 1 where a feature is constant
}

// FitRidge minimises mean((y - intercept - z b)^2) + lambda b.b over the rows,
// where z are the standardised features; lambda > 0. The penalty is a share of
// the mean, so that one lambda means the same for any number of rows.
func FitRidge(rows [][]float64, y []float64, lambda float64) (*Ridge, error) {
	if len(rows) == 0 || len(rows) != len(y) || !(lambda > 0) {
		return nil, fmt.Errorf("ridge regression needs rows, as many targets and a positive lambda; got %d rows, %d targets, lambda %g", len(rows), len(y), lambda)
	}
	p := len(rows[0])
	r := &Ridge{Lambda: lambda, Intercept: Mean(y), Mean: make([]float64, p), Deviation: make([]float64, p)}
	z := make([][]float64, p) // by feature, standardised
	for j := range z {
		z[j] = column(rows, j)
		r.Mean[j], r.Deviation[j] = standards(z[j])
		for i := range z[j] {
			z[j][i] = (z[j][i] - r.Mean[j]) / r.Deviation[j]
		}
	}
	centred := make([]float64, len(y))
	for i := range y {
		centred[i] = y[i] - r.Intercept
	}
	normal, right := make([][]float64, p), make([]float64, p)
	for j := range normal {
		normal[j] = make([]float64, p)
		for k := range j + 1 {
			normal[j][k] = meanProduct(z[j], z[k])
		}
		normal[j][j] += lambda
		right[j] = meanProduct(z[j], centred)
	}
	var err error
	r.Coefficients, err = solveCholesky(normal, right)
	return r, err
}

// Predict returns the regression's value for one row of features.
func (r *Ridge) Predict(row []float64) float64 {
	y := r.Intercept
	for j, x := range row {
		y = math.FMA((x-r.Mean[j])/r.Deviation[j], r.Coefficients[j], y)
	}
	return y
}

// meanProduct returns the mean of a[i] b[i].
func meanProduct(a, b []float64) float64 {
	products := make([]float64, len(a))
	for i := range a {
		products[i] = float64(a[i] * b[i])
	}
	return Mean(products)
}

// solveCholesky solves a x = b for a symmetric positive definite matrix of which
// only the lower triangle is read and, like b, overwritten: a = L L', then L and
// L' are substituted.
func solveCholesky(a [][]float64, b []float64) ([]float64, error) {
	for i := range a {
		for j := range i + 1 {
			s := a[i][j]
			for k := range j {
				s = math.FMA(-a[i][k], a[j][k], s)
			}
			switch {
			case j < i:
				a[i][j] = s / a[j][j]
			case s > 0:
				a[i][i] = math.Sqrt(s)
			default:
				return nil, fmt.Errorf("ridge regression: the normal equations are not positive definite at feature %d: are its values finite?", i)
			}
		}
	}
	for i := range b {
		for k := range i {
			b[i] = math.FMA(-a[i][k], b[k], b[i])
		}
		b[i] /= a[i][i]
	}
	for i := len(b) - 1; i >= 0; i-- {
		for k := i + 1; k < len(b); k++ {
			b[i] = math.FMA(-a[k][i], b[k], b[i])
		}
		b[i] /= a[i][i]
	}
	return b, nil
}
