package recipe

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Change is one difference between two recipes.
type Change struct {
	// Key is the full path of the key: train.optimizer.adam.rate.
	Key string `json:"key"`
	// Old and New are the values as one line of YAML; a default that is not written is shown all the same.
	Old string `json:"old"`
	New string `json:"new"`
	// Meaning says in words what the change does.
	Meaning string `json:"meaning"`
	// Stages are those that have to work again, in their order.
	Stages []string `json:"stages"`
}

// String is the line that people see.
func (c Change) String() string {
	line := fmt.Sprintf("%s: %s -> %s: %s", c.Key, c.Old, c.New, c.Meaning)
	if len(c.Stages) > 0 {
		line += "; invalidates " + strings.Join(c.Stages, ", ")
	}
	return line
}

// stages are those that work again when a section of the recipe changes: the
// section's own, and all that stand on it. A key that more of them read than of
// the rest of its section stands here too.
var stages = map[string][]string{
	"task":          {"split", "transform", "network", "train", "evaluate", "report"},
	"data.classes":  {"table", "picture", "clean", "split", "transform", "network", "train", "evaluate", "report"},
	"data.features": {"table", "picture", "clean", "split", "transform", "network", "train", "evaluate", "report"},
	"train.seed":    {"network", "train", "evaluate", "report"},
	"train.repeat":  {"runs", "report"},

	"data":      {"table", "picture", "clean", "split", "transform", "train", "evaluate", "report"},
	"picture":   {"picture", "clean", "split", "transform", "network", "train", "evaluate", "report"},
	"clean":     {"clean", "split", "transform", "train", "evaluate", "report"},
	"split":     {"split", "transform", "train", "evaluate", "report"},
	"transform": {"transform", "train", "evaluate", "report"},
	"network":   {"network", "train", "evaluate", "report"},
	"train":     {"train", "evaluate", "report"},
	"sweep":     {"sweep", "transform", "network", "train", "evaluate", "report"},
	"report":    {"report"},

	"report.interval": {"evaluate", "report"},
}

// meanings say what a change of a key does, by generic key. Two texts say it
// for a larger and for a smaller number, or for true and for false.
var meanings = map[string][]string{
	"version":                              {"another version of the recipe language"},
	"name":                                 {"another lock and another report"},
	"task":                                 {"learns something else"},
	"data.source":                          {"where the data come from when they are missing"},
	"data.source.builtin":                  {"draws other data"},
	"data.source.plants":                   {"draws more plants", "draws fewer plants"},
	"data.source.seed":                     {"draws other plants"},
	"data.source.url":                      {"fetches the data from another address"},
	"data.source.sha256":                   {"fetches other data"},
	"data.table":                           {"reads another table"},
	"data.sheet":                           {"reads another sheet"},
	"data.header":                          {"takes the columns' names from another row"},
	"data.csv.encoding":                    {"reads letters of the table another way"},
	"data.csv.separator":                   {"cuts the table into other cells"},
	"data.csv.quote":                       {"cuts the table into other cells"},
	"data.csv.decimal":                     {"reads other cells as numbers"},
	"data.images":                          {"reads pictures from another folder"},
	"data.folders":                         {"reads pictures from another folder of classes"},
	"data.parts.train.folders":             {"trains on the pictures of another folder"},
	"data.parts.train.idx.images":          {"trains on the pictures of another file"},
	"data.parts.train.idx.labels":          {"trains on the classes of another file"},
	"data.parts.validation.folders":        {"validates on the pictures of another folder"},
	"data.parts.validation.idx.images":     {"validates on the pictures of another file"},
	"data.parts.validation.idx.labels":     {"validates on the classes of another file"},
	"data.parts.test.folders":              {"tests on the pictures of another folder"},
	"data.parts.test.idx.images":           {"tests on the pictures of another file"},
	"data.parts.test.idx.labels":           {"tests on the classes of another file"},
	"data.image":                           {"takes the pictures' names from another column"},
	"data.target":                          {"predicts another column"},
	"data.classes":                         {"other classes, or in another order"},
	"data.unit":                            {"states figures in another unit; the figures stay"},
	"data.group":                           {"other rows belong to one individual"},
	"data.features":                        {"tells the network something else beside the picture"},
	"data.missing":                         {"other cells count as empty"},
	"picture.size":                         {"sees finer pictures", "sees coarser pictures"},
	"picture.resize":                       {"resizes pictures another way"},
	"picture.crop":                         {"sees all of a photo, or the square in its middle"},
	"picture.color":                        {"sees other colours"},
	"clean":                                {"drops other rows, or for other reasons"},
	"split.seed":                           {"another shuffle, so other rows on each side"},
	"split.train":                          {"trains on more rows", "trains on fewer rows"},
	"split.validation":                     {"validates on more rows", "validates on fewer rows"},
	"split.test":                           {"tests on more rows", "tests on fewer rows"},
	"split.folds":                          {"deals the rows into more folds", "deals the rows into fewer folds"},
	"split.fold":                           {"validates on another fold"},
	"report.leakage":                       {"trains once more on a random split, to compare", "no longer compares with a random split"},
	"split.by":                             {"other rows stay together"},
	"split.column":                         {"takes the parts from another column"},
	"split.parts.train":                    {"other rows train"},
	"split.parts.validation":               {"other rows validate"},
	"split.parts.test":                     {"other rows test"},
	"split.leak":                           {"reacts otherwise to a group on two sides"},
	"split.near":                           {"compares photos on two sides more strictly", "compares photos on two sides less strictly"},
	"transform.normalize":                  {"scales pixels another way"},
	"transform.target":                     {"learns the target on another scale; figures stay in its unit"},
	"transform.features":                   {"scales numeric features another way"},
	"transform.clip":                       {"learns other values for outliers"},
	"transform.fill":                       {"takes other values for the empty cells of features"},
	"transform.augment":                    {"changes training pictures another way"},
	"network.backbone":                     {"trains another network"},
	"network.layers":                       {"trains another network"},
	"network.head.hidden":                  {"puts another head on the backbone"},
	"network.head.dropout":                 {"drops other shares of what the head's layers read"},
	"network.head.batch_norm":              {"normalises the head's hidden layers", "no longer normalises the head's hidden layers"},
	"network.weights":                      {"begins with other weights"},
	"network.freeze":                       {"other layers do not train"},
	"network.frozen_norm":                  {"frozen batch norms take their statistics from elsewhere"},
	"network.unfreeze":                     {"other layers train later"},
	"train.seed":                           {"other starting weights, other shuffles"},
	"transform.mix":                        {"mixes training pictures in pairs, or no longer, or another way"},
	"train.epochs":                         {"trains longer", "trains shorter"},
	"train.batch":                          {"fewer, smoother steps an epoch", "more, noisier steps an epoch"},
	"train.last_batch":                     {"treats a smaller last batch another way"},
	"train.loss":                           {"minimises something else"},
	"train.optimizer":                      {"takes another kind of step"},
	"train.optimizer.adam.rate":            {"larger steps", "smaller steps"},
	"train.optimizer.adam.beta1":           {"longer memory of the gradient", "shorter memory of the gradient"},
	"train.optimizer.adam.beta2":           {"longer memory of the gradient's size", "shorter memory of the gradient's size"},
	"train.optimizer.adam.epsilon":         {"smaller steps where gradients are tiny", "larger steps where gradients are tiny"},
	"train.optimizer.adam.weight_decay":    {"pulls weights harder to zero", "pulls weights less to zero"},
	"train.optimizer.adamw.rate":           {"larger steps", "smaller steps"},
	"train.optimizer.adamw.beta1":          {"longer memory of the gradient", "shorter memory of the gradient"},
	"train.optimizer.adamw.beta2":          {"longer memory of the gradient's size", "shorter memory of the gradient's size"},
	"train.optimizer.adamw.epsilon":        {"smaller steps where gradients are tiny", "larger steps where gradients are tiny"},
	"train.optimizer.adamw.weight_decay":   {"pulls weights harder to zero", "pulls weights less to zero"},
	"train.optimizer.sgd.rate":             {"larger steps", "smaller steps"},
	"train.optimizer.sgd.momentum":         {"longer memory of the gradient", "shorter memory of the gradient"},
	"train.optimizer.sgd.nesterov":         {"looks ahead along the momentum", "no longer looks ahead along the momentum"},
	"train.optimizer.sgd.weight_decay":     {"pulls weights harder to zero", "pulls weights less to zero"},
	"train.optimizer.rmsprop.rate":         {"larger steps", "smaller steps"},
	"train.optimizer.rmsprop.alpha":        {"longer memory of the gradient's size", "shorter memory of the gradient's size"},
	"train.optimizer.rmsprop.epsilon":      {"smaller steps where gradients are tiny", "larger steps where gradients are tiny"},
	"train.optimizer.rmsprop.momentum":     {"longer memory of the gradient", "shorter memory of the gradient"},
	"train.optimizer.rmsprop.centered":     {"measures the gradient's size around its mean", "measures the gradient's size around 0"},
	"train.optimizer.rmsprop.weight_decay": {"pulls weights harder to zero", "pulls weights less to zero"},
	"train.schedule":                       {"changes the learning rate in another way"},
	"train.sampler":                        {"trains on other rows in an epoch"},
	"train.accumulate":                     {"fewer, smoother steps an epoch", "more, noisier steps an epoch"},
	"train.average":                        {"averages the weights over more steps", "averages the weights over fewer steps"},
	"train.stop.patience":                  {"ends a training that no longer gets better at another time"},
	"train.stop.on":                        {"ends the training by another measure"},
	"train.backbone_factor":                {"larger steps in front of the head", "smaller steps in front of the head"},
	"train.clip":                           {"another limit on the length of the gradient"},
	"train.keep":                           {"keeps the weights of another epoch"},
	"train.repeat":                         {"trains more often, with other seeds", "trains less often"},
	"sweep.over":                           {"tries other settings"},
	"sweep.draw":                           {"tries more variants", "tries fewer variants"},
	"sweep.seed":                           {"tries other variants"},
	"sweep.on":                             {"takes another measure for the best"},
	"report.language":                      {"writes the report in another language"},
	"report.plots":                         {"shows other plots"},
	"report.interval":                      {"wider intervals, which more often hold the figure", "narrower intervals, which less often hold the figure"},
	"report.against":                       {"draws the target against other columns"},

	"train.schedule.step.every":              {"lowers the learning rate later", "lowers the learning rate earlier"},
	"train.schedule.step.at":                 {"lowers the learning rate at other times"},
	"train.schedule.step.factor":             {"lowers the learning rate less", "lowers the learning rate more"},
	"train.schedule.cosine.warmup":           {"reaches the full learning rate later", "reaches the full learning rate earlier"},
	"train.schedule.cosine.floor":            {"ends with a larger learning rate", "ends with a smaller learning rate"},
	"train.schedule.one_cycle.rise":          {"reaches the full learning rate later", "reaches the full learning rate earlier"},
	"train.schedule.one_cycle.start_divisor": {"begins with a smaller learning rate", "begins with a larger learning rate"},
	"train.schedule.one_cycle.end_divisor":   {"ends with a smaller learning rate", "ends with a larger learning rate"},
	"train.schedule.plateau.patience":        {"lowers the learning rate later", "lowers the learning rate earlier"},
	"train.schedule.plateau.factor":          {"lowers the learning rate less", "lowers the learning rate more"},
	"train.schedule.plateau.threshold":       {"wants more of a better loss", "wants less of a better loss"},
	"train.schedule.plateau.cooldown":        {"waits longer after a lower learning rate", "waits shorter after a lower learning rate"},
	"train.schedule.plateau.floor":           {"stops lowering the learning rate earlier", "stops lowering the learning rate later"},

	"train.loss.cross_entropy.class_weights":   {"weighs the classes another way"},
	"train.loss.cross_entropy.label_smoothing": {"spreads more of each label over all classes", "spreads less of each label over all classes"},
}

// Diff returns what changes from recipe a to recipe b, in the order of the
// recipe. Locations are left out.
func Diff(a, b *Loaded) []Change {
	changes := compare("", reflect.ValueOf(a.Recipe), reflect.ValueOf(b.Recipe))
	for i, c := range changes {
		if c.Key == "data.target" && (a.Task == Classification || b.Task == Classification) { // the network has as many outputs as there are classes
			changes[i].Stages = slices.Clone(stages["data.classes"])
		}
		// The network reads from transform how many numbers the features are.
		if at := slices.Index(c.Stages, "transform"); at >= 0 && len(a.Data.Features)+len(b.Data.Features) > 0 && !slices.Contains(c.Stages, "network") {
			changes[i].Stages = slices.Insert(c.Stages, at+1, "network")
		}
	}
	return changes
}

// Settings returns what a recipe sets, as changes from nothing: the keys of its
// canonical form, sorted.
func Settings(l *Loaded) []Change {
	var all []Change
	var walk func(key string, value any)
	walk = func(key string, value any) {
		below, ok := value.(map[string]any)
		if !ok {
			all = append(all, Change{Key: key, New: line(value), Stages: []string{}})
			return
		}
		for _, name := range slices.Sorted(maps.Keys(below)) {
			walk(join(key, name), below[name])
		}
	}
	walk("", l.Node())
	return all
}

func compare(key string, a, b reflect.Value) []Change {
	// Where both sides made the same choice, its options are compared one by one.
	switch x := a.Interface().(type) {
	case *Source:
		if y := b.Interface().(*Source); x != nil && y != nil && x.Fetched() == y.Fetched() {
			return compare(key, a.Elem(), b.Elem())
		}
	case Loss:
		if y := b.Interface().(Loss); x.Kind == y.Kind {
			return compare(join(key, x.Kind), reflect.ValueOf(x.CrossEntropy), reflect.ValueOf(y.CrossEntropy))
		}
	case Optimizer:
		word, a := x.chosen()
		other, b := b.Interface().(Optimizer).chosen()
		if word == other {
			return compare(join(key, word), a, b)
		}
	case Schedule:
		word, a := x.chosen()
		other, b := b.Interface().(Schedule).chosen()
		if word == other && word != constant {
			return compare(join(key, word), a, b)
		}
	}
	if isSection(a.Type()) {
		var changes []Change
		for _, f := range fields(a.Type()) {
			if !f.location {
				changes = append(changes, compare(join(key, f.name), a.Field(f.index), b.Field(f.index))...)
			}
		}
		return changes
	}
	if same(a, b) {
		return nil
	}
	again, ok := stages[key]
	if !ok {
		section, _, _ := strings.Cut(key, ".")
		again = stages[section]
	}
	return []Change{{Key: key, Old: inline(a), New: inline(b), Meaning: meaning(key, a, b), Stages: slices.Clone(again)}}
}

func meaning(key string, a, b reflect.Value) string {
	texts := meanings[key]
	if len(texts) == 2 {
		down := false
		switch a.Kind() {
		case reflect.Int:
			down = b.Int() < a.Int()
		case reflect.Float64:
			down = b.Float() < a.Float()
		case reflect.Bool:
			down = !b.Bool()
		}
		if down {
			return texts[1]
		}
	}
	return texts[0]
}

// inline returns a value as one line of YAML.
func inline(value reflect.Value) string {
	if value.Kind() == reflect.Pointer && value.IsNil() {
		return "none"
	}
	return line(spell(value))
}

// line returns maps, lists, texts and numbers as one line of YAML.
func line(value any) string {
	var node yaml.Node
	_ = node.Encode(value) // it always does
	if node.Kind != yaml.ScalarNode {
		node.Style = yaml.FlowStyle
	}
	return strings.TrimRight(string(marshal(&node)), "\n")
}
