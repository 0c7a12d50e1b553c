package play

// spot is one place in a result, whatever the reason given there.
type spot struct {
	class, after int
	file         string
}

func (r Refusal) spot() spot { return spot{r.Class, r.After, r.File} }

// join adds what was found about other phones.
func (r *Result) join(o Result) {
	for _, part := range []struct{ to, from *[]Refusal }{
		{&r.Before, &o.Before}, {&r.Lost, &o.Lost}, {&r.Stops, &o.Stops}, {&r.Away, &o.Away}, {&r.Unsure, &o.Unsure},
	} {
		have := map[spot]bool{}
		for _, x := range *part.to {
			have[x.spot()] = true
		}
		for _, x := range *part.from {
			if !have[x.spot()] {
				*part.to = append(*part.to, x)
			}
		}
	}
}

// merge takes the runs of all variants together: what not every one of them has is not
// certain. Refusals at one place are given once.
func merge(runs []Result) (out Result) {
	unsure := map[spot]bool{}
	doubt := func(r Refusal) {
		if !unsure[r.spot()] {
			unsure[r.spot()] = true
			r.Certain = false
			out.Unsure = append(out.Unsure, r)
		}
	}
	lost := map[int]bool{}
	common := func(part func(Result) []Refusal, skip func(Refusal) bool, doubt func(Refusal)) (kept []Refusal) {
		counts := map[spot]int{}
		first := map[spot]Refusal{}
		var order []spot
		for _, run := range runs {
			seen := map[spot]bool{}
			for _, r := range part(run) {
				at := r.spot()
				if seen[at] || skip(r) {
					continue
				}
				seen[at] = true
				if counts[at]++; counts[at] == 1 {
					first[at] = r
					order = append(order, at)
				}
			}
		}
		for _, at := range order {
			if counts[at] == len(runs) {
				kept = append(kept, first[at])
			} else {
				doubt(first[at])
			}
		}
		return kept
	}
	never := func(Refusal) bool { return false }
	out.Before = common(func(r Result) []Refusal { return r.Before }, never, doubt)
	out.Lost = common(func(r Result) []Refusal { return r.Lost }, never, doubt)
	for _, r := range out.Lost {
		lost[r.Class] = true
	}
	out.Stops = common(func(r Result) []Refusal { return r.Stops }, func(r Refusal) bool { return lost[r.Class] }, doubt)
	var perhaps []Refusal
	out.Away = common(func(r Result) []Refusal { return r.Away }, func(r Refusal) bool { return lost[r.Class] }, func(r Refusal) {
		r.Certain = false
		perhaps = append(perhaps, r)
	})
	out.Away = append(out.Away, perhaps...)
	for _, run := range runs {
		for _, r := range run.Unsure {
			doubt(r)
		}
	}
	return out
}
