package workflow

import (
	"slices"
	"strconv"

	"ctlclient/ctlbuild"
)

// resolveNumbers orders selectors so that record numbers mean what the person saw:
// from the highest down, before anything that is named by host or CN is taken out.
func resolveNumbers(old *ctlbuild.List, selectors []string) ([]string, error) {
	var names []string
	var numbers []int
	for _, sel := range selectors {
		n, err := strconv.Atoi(sel)
		if err != nil {
			names = append(names, sel)
			continue
		}
		if n < 1 || n > len(old.Records) {
			return nil, &ctlbuild.SelectorError{Selector: sel}
		}
		if !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	slices.Reverse(numbers)
	ordered := make([]string, 0, len(selectors))
	for _, n := range numbers {
		ordered = append(ordered, strconv.Itoa(n))
	}
	return append(ordered, names...), nil
}
