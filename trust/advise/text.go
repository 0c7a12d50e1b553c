package advise

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"ctlclient/trust/hazard"
)

// WriteText prints the advice for a person: the answer first, then what breaks, what
// to do first, the steps, the cautions.
func (a Advice) WriteText(w io.Writer) error {
	var b strings.Builder
	b.WriteString(a.Summary.String() + "\n")
	for _, part := range []struct {
		title string
		list  []Loss
	}{{"What would be lost", a.Lost}, {"What is not certain", a.Unsure}} {
		if len(part.list) > 0 {
			b.WriteString("\n" + part.title + ":\n")
		}
		for _, l := range part.list {
			fmt.Fprintf(&b, "  - %s\n", l.Message())
		}
	}
	for i, f := range slices.DeleteFunc(slices.Clone(a.Breaks), Finding.Repeats) {
		if i == 0 {
			b.WriteString("\nWhy:\n")
		}
		f.write(&b)
	}
	if len(a.First) > 0 {
		b.WriteString("\nFirst:\n")
		for _, s := range a.First {
			fmt.Fprintf(&b, "  - %s\n", s)
		}
	}
	if len(a.Steps) > 0 {
		b.WriteString("\nIn this order:\n")
		for i, s := range a.Steps {
			fmt.Fprintf(&b, "  %d. %s\n", i+1, s)
			if !s.Stop.IsZero() {
				fmt.Fprintf(&b, "     %s\n", s.Stop)
			}
		}
	}
	if len(a.Cautions) > 0 {
		b.WriteString("\nMind:\n")
		for _, f := range a.Cautions {
			f.write(&b)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (f Finding) write(b *strings.Builder) {
	word := ""
	if f.Severity != hazard.Danger {
		word = f.Severity.String() + ": "
	}
	fmt.Fprintf(b, "  - %s%s\n", word, f.Message)
	if !f.Recover.IsZero() {
		fmt.Fprintf(b, "    if it has happened: %s\n", f.Recover)
	}
	if len(f.Records) > 0 {
		fmt.Fprintf(b, "    rests on: %s\n", strings.Join(f.Records, ", "))
	}
	fmt.Fprintf(b, "    source: %s\n", f.Source)
}
