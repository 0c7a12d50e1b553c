package main

import (
	"cmp"
	"fmt"
	"strings"
)

const head = `# Performance

Written by ` + "`make bench`" + `, which runs every benchmark named here; do not edit. Each figure
stands beside the least that it could be, measured in the same run, as ratios travel between
machines and times do not. Of several runs the least counts. "Time of processors" is user and
system time, of all threads; it says something on a busy machine too, where the clock does not.

%s

| what | size | measured | beside it | limit | measured / limit | to reach | reached |
| --- | --- | --- | --- | --- | --- | --- | --- |
`

const tail = `
## Not measured by make bench

- ` + "`file verify`" + ` beside another program that reads trust lists: none is a part of the tests.
- A token of hardware: there is none here; SoftHSM stands for it.
- Memory of verdicts is what is in use once all are there, not the most that the process had.
- .ci/run as a whole: each of its steps prints the seconds that it took.
`

// document is docs/performance.md.
func document(m machine, f figures, parts []part) (string, error) {
	var b, slopes, short strings.Builder
	fmt.Fprintf(&b, head, m)
	for _, r := range rows {
		if err := r.write(&b, &slopes, &short, f); err != nil {
			return "", err
		}
	}
	b.WriteString("\n## Slopes\n\nBetween the smallest and the largest size of a row.\n\n| what | slope |\n| --- | --- |\n" + slopes.String())
	if short.Len() > 0 {
		b.WriteString("\n## What falls short, and why\n\n" + short.String())
	}
	b.WriteString("\n## What the headless program is made of\n\nWhat is in its file, in MB.\n\n| part | MB |\n| --- | --- |\n")
	for _, p := range parts {
		fmt.Fprintf(&b, "| %s | %.2f |\n", p.name, p.size/1e6)
	}
	b.WriteString(tail)
	return b.String(), nil
}

func (m machine) String() string {
	return fmt.Sprintf("Machine: %s processors (%s), %s, %s; %s; SoftHSM %s. The load (processes that ran or waited to, in\na minute) was %s at the start and %s at the end; above the number of processors it makes times on the clock\nlonger than they are.",
		m.cpus, m.cpu, m.system, m.kernel, m.goVersion, m.token, m.loadBefore, m.loadAfter)
}

// write adds a row's lines to the table, its slope and, when it falls short, its reason.
func (r row) write(table, slopes, short *strings.Builder, f figures) error {
	missed := false
	var values []float64
	for _, s := range r.sizes {
		got, ok := f[s.got]
		limit, ok2 := f[s.limit]
		if !ok || s.limit != "" && !ok2 {
			return fmt.Errorf("%s: %q or %q was not measured", r.what, s.got, s.limit)
		}
		if s.scale != 0 {
			got, limit = got/s.scale, limit/s.scale
		}
		limit += s.given
		reached := r.reached(got, limit)
		missed = missed || reached == "no"
		values = append(values, got)
		fmt.Fprintf(table, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", r.what, s.name(r.per),
			number(got, r.unit), r.beside, number(limit, r.unit), compared(got, limit), r.reach, reached)
	}
	if last := len(r.sizes) - 1; last > 0 && r.per != "" {
		slope := (values[last] - values[0]) / (r.sizes[last].n - r.sizes[0].n)
		fmt.Fprintf(slopes, "| %s | %s a %s |\n", r.what, strings.TrimSpace(fmt.Sprintf("%.3g %s", slope, r.unit)), r.per)
	}
	if missed {
		fmt.Fprintf(short, "- %s: %s.\n", r.what, cmp.Or(r.reason, "not looked into yet"))
	}
	return nil
}

func (r row) reached(got, limit float64) string {
	var ok bool
	switch r.kind {
	case ratio:
		ok = got <= r.most*limit
	case more:
		ok = got <= r.most+limit
	case absolute:
		ok = got <= r.most
	case told:
		return "-"
	}
	if ok {
		return "yes"
	}
	return "no"
}

func (s size) name(per string) string {
	switch s.n {
	case 0:
		return s.words
	case 1:
		return "1 " + per
	}
	return fmt.Sprintf("%.0f %ss", s.n, per)
}

func number(v float64, unit string) string {
	if v == 0 {
		return "-"
	}
	text := fmt.Sprintf("%.2f", v)
	if v >= 100 || v == float64(int(v)) {
		text = fmt.Sprintf("%.0f", v)
	}
	return strings.TrimSpace(text + " " + unit)
}

func compared(got, limit float64) string {
	if limit == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f x", got/limit)
}
