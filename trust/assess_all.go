package trust

import (
	"context"
	"strings"

	"ctlclient/ctlbuild"
)

// AssessAll says what each of many phones makes of o, in the order given. Phones that
// are alike in all but name and number are judged, and TVS asked, once.
func AssessAll(ctx context.Context, phones []Phone, o Offer, tvs Asker) []Verdict {
	return judgeAll(phones, func(p Phone) Verdict { return Assess(ctx, p, o, tvs) })
}

// AssessDraftAll is AssessDraft for many phones, as AssessAll is Assess.
func AssessDraftAll(ctx context.Context, phones []Phone, d *ctlbuild.Draft, signer []byte, tvs Asker) []Verdict {
	return judgeAll(phones, func(p Phone) Verdict { return AssessDraft(ctx, p, d, signer, tvs) })
}

// AssessPlannedAll is AssessPlanned for many phones, as AssessAll is Assess.
func AssessPlannedAll(ctx context.Context, phones []Phone, l *ctlbuild.List, signer []byte, tvs Asker) []Verdict {
	return judgeAll(phones, func(p Phone) Verdict { return AssessPlanned(ctx, p, l, signer, tvs) })
}

// alike is what a verdict depends on, besides the phone's name in console lines.
type alike struct {
	model, tvs, unknown string
	noSBD               bool
	ctl, itl            *ctlbuild.List
}

// standIn is the name under which phones that are alike are judged; a device's name
// takes its place in the console lines, which have names of this length alone.
const standIn = "SEP000000000000"

func judgeAll(phones []Phone, judge func(Phone) Verdict) []Verdict {
	verdicts := make([]Verdict, len(phones))
	judged := map[alike]Verdict{}
	for i, p := range phones {
		key := alike{p.Model, strings.Join(p.TVS, "\n"), p.Unknown, p.NoSBD, p.CTL, p.ITL}
		v, ok := judged[key]
		if !ok {
			one := p
			one.Name, one.Count = standIn, 1
			v = judge(one)
			judged[key] = v
		}
		v.Phone = p
		v.Console = named(v.Console, p.Name)
		verdicts[i] = v
	}
	return verdicts
}

// named puts a device's own name into console lines; for what is no device's name,
// the lines that have one are left out.
func named(lines []string, name string) []string {
	out := make([]string, 0, len(lines))
	device := deviceName.MatchString(name)
	for _, l := range lines {
		if !strings.Contains(l, standIn) {
			out = append(out, l)
		} else if device {
			out = append(out, strings.ReplaceAll(l, standIn, name))
		}
	}
	return out
}
