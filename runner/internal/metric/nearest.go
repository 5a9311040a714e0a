package metric

import "math"

// NearestMean tells classes by the mean of their features: a row belongs to the
// class whose mean is nearest. Features are standardised with the mean and
// standard deviation of the rows that it was fitted on.
type NearestMean struct {
	mean, deviation []float64   // of each feature; the deviation is 1 where a feature is constant
	means           [][]float64 // of each class, standardised; nil for a class without rows
}

// FitNearestMean learns from rows and their classes, from 0 to below n. There
// must be a row.
func FitNearestMean(rows [][]float64, classes []int, n int) *NearestMean {
	m := &NearestMean{means: make([][]float64, n)}
	for j := range rows[0] {
		mean, deviation := standards(column(rows, j))
		m.mean, m.deviation = append(m.mean, mean), append(m.deviation, deviation)
	}
	members := make([][][]float64, n)
	for i, class := range classes {
		members[class] = append(members[class], m.standardise(rows[i]))
	}
	for class, z := range members {
		for j := range m.mean {
			if len(z) > 0 {
				m.means[class] = append(m.means[class], Mean(column(z, j)))
			}
		}
	}
	return m
}

// standards are what a feature is standardised with: its mean and its standard deviation, 1
// for one that is constant.
func standards(feature []float64) (mean, deviation float64) {
	deviation = Deviation(feature)
	if deviation == 0 || constant(feature) {
		deviation = 1
	}
	return Mean(feature), deviation
}

// column returns feature j of all rows.
func column(rows [][]float64, j int) []float64 {
	values := make([]float64, len(rows))
	for i, row := range rows {
		values[i] = row[j]
	}
	return values
}

func (m *NearestMean) standardise(row []float64) []float64 {
	z := make([]float64, len(row))
	for j, x := range row {
		z[j] = (x - m.mean[j]) / m.deviation[j]
	}
	return z
}

// Predict returns the class of one row of features, the first of several that
// are equally near.
func (m *NearestMean) Predict(row []float64) int {
	z := m.standardise(row)
	nearest, least := 0, math.Inf(1)
	for class, mean := range m.means {
		if mean == nil {
			continue
		}
		distance := 0.0
		for j, x := range z {
			d := x - mean[j]
			distance += float64(d * d)
		}
		if distance < least {
			nearest, least = class, distance
		}
	}
	return nearest
}
