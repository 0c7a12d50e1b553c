// Package pages reads what phones say of themselves: their own web page, where it is on.
// Nothing is told to a phone, and no account is used.
package pages

import (
	"context"
	"net/http"
	"time"

	"ctlclient/cluster/reach"
	"ctlclient/protocol/phoneweb"
	"ctlclient/trust/phoneword"
)

// Door is a phone's page.
const Door reach.Door = "phone's web page"

// alternate is where a phone of the practice cluster has its page, when nobody could give
// it port 80.
const alternate = 8080

// Read asks each phone that has an address for its status messages, a few of one address
// range at a time, three seconds a page at most. each is told in the order in which they
// answer, one at a time; a phone without a page is a Reading that was not read, with err.
func Read(ctx context.Context, phones []reach.Phone, practice bool, each func(name string, r phoneword.Reading, err error)) error {
	var targets []phoneweb.Target
	for _, p := range phones {
		if p.Address.IsValid() {
			targets = append(targets, phoneweb.Target{Host: p.Address.String(), Name: p.Name, Model: p.Model})
		}
	}
	o := phoneweb.Options{}
	if practice {
		o.HTTPPort, o.HTTPSPort = practicePort(ctx, targets), -1
	}
	return phoneweb.ReadAll(ctx, targets, o, func(i int, page phoneweb.Page, err error) {
		r := phoneword.Reading{Read: err == nil}
		for _, e := range page.Entries {
			r.Entries = append(r.Entries, phoneword.Entry{Time: e.Time, Text: e.Text})
		}
		each(targets[i].Name, r, err)
	})
}

// practicePort finds out on which of its two ports a practice phone answers.
func practicePort(ctx context.Context, targets []phoneweb.Target) int {
	if len(targets) == 0 {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+targets[0].Host+"/", nil)
	if err != nil {
		return 0
	}
	if answer, err := http.DefaultClient.Do(q); err == nil {
		_ = answer.Body.Close() // that it answers is all that was asked
		return 0
	}
	return alternate
}
