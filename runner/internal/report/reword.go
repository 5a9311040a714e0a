package report

import (
	"regexp"
	"strings"
)

// Stages before the training say what they saw in English sentences, for the console too. These stand in
// outputs that the keys of trainings rest on, so that they must stay as they are, to the letter: a report in
// another language knows each of them again and words it anew. Whatever it does not know it shows as it is.

// observations are those sentences. %s is taken over, %v worded itself, piece by piece between commas. A test
// looks for each in the sources of the stages.
var observations = []word{
	// split
	"%s of %v have rows in more than one part (%s): what is measured on validation and test is not what new groups would give; split.by: group keeps them together",
	"%s photos have a copy in another part, or one that looks the same (%v): what is measured on validation and test was partly trained on; drop them with clean, or keep them together by data.group and split.by: group",
	"train, validation and test have %s, %s and %s rows, though their fractions ask for %s, %s and %s: groups stay whole, and %v has %v",
	"the folds, and behind them test, have %s rows, though their fractions ask for %s: groups stay whole, and %v has %v",
	"no training rows show %s: the network cannot learn to tell it",
	// clean
	"%s rows were dropped as duplicates although their %s is not that of the row with the same picture: look at them (first: %v)",
	"%s holds no value",
	"no picture is named",
	"there is no file %s: %s",
	"there is no file %s",
	"%s cannot be read: %s",
	"%s is the picture of %v too",
	"it has the same bytes as %v",
	"%s has the same bytes as %s of %v",
	"%s looks like %v (%s of 1)",
	// split by time
	"the train part ends %v later than its fraction asks for: rows of one time, %s, stay together",
	"the train part ends %v earlier than its fraction asks for: rows of one time, %s, stay together",
	"the validation part ends %v later than its fraction asks for: rows of one time, %s, stay together",
	"the validation part ends %v earlier than its fraction asks for: rows of one time, %s, stay together",
}

// pieces are what stands in them for %v.
var pieces = []word{
	"1 group", "%s groups", "1 row", "%s rows",
	"group %s", "each row without group", "row %s", "line %s", "photo %s",
	"%s of train and %s of validation", "%s of train and %s of test", "%s of validation and %s of test",
	"%s of validation and %s of train", "%s of test and %s of train", "%s of test and %s of validation",
	"%s of row %s", "%s of line %s", "row %s has %s", "line %s has %s", "photo %s has %s",
}

// verbsOf are those that stand for anything.
var verbsOf = regexp.MustCompile(`%[sv]`)

// recognise returns what stands for each verb of a sentence, nil where text is not of its form.
func recognise(sentence word, text string) []string {
	expression := regexp.QuoteMeta(string(sentence))
	return regexp.MustCompile("(?s)^" + verbsOf.ReplaceAllString(expression, "(.+?)") + "$").FindStringSubmatch(text)
}

// reword writes what a stage said in the report's language.
func (l Language) reword(text string) string { return l.rewordAs(text, observations) }

func (l Language) rewordAs(text string, forms []word) string {
	if l != German {
		return text
	}
	for _, form := range forms {
		found := recognise(form, text)
		if found == nil {
			continue
		}
		arguments := make([]any, len(found)-1)
		for i, verb := range verbsOf.FindAllString(string(form), -1) {
			arguments[i] = found[i+1]
			if verb == "%v" {
				list := strings.Split(found[i+1], ", ")
				for k := range list {
					list[k] = l.rewordAs(list[k], pieces)
				}
				arguments[i] = strings.Join(list, ", ")
			}
		}
		return l.fill(form, arguments...)
	}
	return text
}

// reason words why a row was dropped, which follows its place.
func (l Language) reason(detail string) string {
	_, why, found := strings.Cut(detail, ": ")
	if !found {
		return l.reword(detail)
	}
	return l.reword(why)
}
