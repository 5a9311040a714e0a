package split

import (
	"fmt"
	"slices"
	"strings"

	"biomass/runner/internal/recipe"
)

// leak looks for individuals and for alike photos on two sides of the split, and
// returns warnings or an error, as the recipe wants it.
func leak(spec recipe.Split, rows Rows, individuals []individual, part []int) ([]string, error) {
	if spec.Leak == "ignore" {
		return nil, nil
	}
	var found []string
	for _, message := range []string{tornGroups(individuals, part), Copies(rows.Alike, rows.Names, part)} {
		switch {
		case message == "":
		case spec.Leak == "error":
			return nil, fmt.Errorf("split: %s", message)
		default:
			found = append(found, message)
		}
	}
	return found, nil
}

// tornGroups says which individuals have rows in more than one part.
func tornGroups(individuals []individual, part []int) string {
	var torn []string
	groups := 0
	for _, one := range individuals {
		if one.name == "" {
			continue
		}
		groups++
		if slices.ContainsFunc(one.rows, func(row int) bool { return part[row] != part[one.rows[0]] }) {
			torn = append(torn, one.name)
		}
	}
	if len(torn) == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %s have rows in more than one part (%s): what is measured on validation and test is not what new groups would give; "+
		"split.by: group keeps them together", len(torn), counted(groups, "group"), examples(torn))
}

// Copies says which photos are also, or look alike ones, in another part. alike has
// a number for each row, which rows with alike photos share, photos their names,
// part the part of each row, by its index. It is empty where there are none.
func Copies(alike []int, photos []string, part []int) string {
	first := map[int]int{} // row
	torn := map[int]bool{}
	var pairs []string
	count := 0
	for row, number := range alike {
		other, seen := first[number]
		if !seen {
			first[number] = row
		} else if part[row] != part[other] && !torn[number] {
			torn[number] = true
			pairs = append(pairs, fmt.Sprintf("%s of %s and %s of %s", photos[other], names[part[other]], photos[row], names[part[row]]))
		}
	}
	for _, number := range alike {
		if torn[number] {
			count++
		}
	}
	if count == 0 {
		return ""
	}
	more := ""
	const shown = 3
	if len(pairs) > shown {
		pairs, more = pairs[:shown], ", ..."
	}
	return fmt.Sprintf("%d photos have a copy in another part, or one that looks the same (%s%s): what is measured on validation and test was partly trained on; "+
		"drop them with clean, or keep them together by data.group and split.by: group", count, strings.Join(pairs, ", "), more)
}
