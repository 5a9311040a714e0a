package rosette
import ("fmt";"math";"slices")
func summary(w []float64) string {
	v := slices.Clone(w)
	slices.Sort(v)
	var m, q float64
	for _, x := range v { m += x/float64(len(v)); q += x*x/float64(len(v)) }
	n := len(v)
	return fmt.Sprintf("n %d mean %.3f sd %.3f min %.3f q %.3f %.3f %.3f max %.3f", n, m, math.Sqrt(q-m*m), v[0], v[n/4], v[n/2], v[3*n/4], v[n-1])
}
