package evaluate

import (
	"fmt"
	"math"
)

// Judge scores the predictions for one part, with the figures that Run gives it,
// bit for bit; nothing else needs to be predicted. The part may have another name
// than those of a split: then its photos are new.
func Judge(in Input, part string) (*Part, []Prediction, error) {
	if in.Classes != nil {
		in.Samples = decide(in.Samples, len(in.Classes))
	}
	var trained, own []int
	var predictions []Prediction
	for i, s := range in.Samples {
		if s.Part == Train {
			trained = append(trained, i)
		}
		if s.Part != part {
			continue
		}
		if !(math.Abs(s.True) < hugest && math.Abs(s.Predicted) < hugest) {
			return nil, nil, fmt.Errorf("evaluate row %d (%s): the target is %v and the network predicts %v", s.Line, s.Image, s.True, s.Predicted)
		}
		own = append(own, i)
		predictions = append(predictions, s.prediction())
	}
	if len(own) == 0 {
		return nil, nil, fmt.Errorf("there are no photos in the %s part", part)
	}
	p := describe(in, part, own, groups(in.Samples, trained))
	return &p, predictions, nil
}
