package report

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"ctlclient/cluster"
	"ctlclient/message"
)

func sample() *Report {
	r := &Report{
		ID: "20261127T054512Z-1a2b", Cluster: "hq & <co>", Job: "migrate to-tokens", State: cluster.StateFinished,
		Started: time.Date(2026, 11, 27, 5, 45, 12, 0, time.UTC), By: "admin on desk-1", Signer: "SAST-ADN008580ef",
		Former: &File{Bytes: 4947, MD5: "1d97d9089dd558a062cccfcb1dc4c57f", SHA1: "3b452f9ec9d6543df80e50f8b850cddc92fcf847", Records: 4, Signer: "ITLRECOVERY"},
		Nodes:  []Node{{Name: "cucm-pub", Path: "/usr/local/cm/tftp/CTLFile.tlv", Status: cluster.StatusPassed}},
		Phones: []Phones{{Who: "12 phones of model 7940", Outcome: "reject", Reason: "cannot ask TVS", Lost: true}},
		Said: []Said{{Phone: "SEP0011215A1AE3", Model: "8861", Says: "took the new list", Predicted: "accept"},
			{Phone: "SEP000E38C07940", Says: "kept the old list", Predicted: "accept", Differs: true, Message: "Trust List Update Failed"}},
		Accepted: []string{"accepted loss: 12 phones of model 7940"},
	}
	r.remains(cluster.Job{ID: r.ID, State: r.State})
	return r
}

// The page says all of it, is one file that needs nothing else, and takes no name for markup.
func TestHTML(t *testing.T) {
	var b strings.Builder
	if err := sample().HTML(&b, message.Voice{Word: func(a message.Action) string { return "do " + string(a.Do) }}); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{"hq &amp; &lt;co&gt;", "1d97d9089dd558a062cccfcb1dc4c57f", "3b452f9ec9d6543df80e50f8b850cddc92fcf847", "no file",
		"admin on desk-1", "SAST-ADN008580ef", "12 phones of model 7940", "Accepted against advice", "Restart TFTP", "Delete the CTL by hand", "@page",
		"1 took the new list, 1 kept the old one, 0 said nothing, 0 could not be read.", "SEP000E38C07940", "not as predicted: Trust List Update Failed"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, never := range []string{"SEP0011215A1AE3", "<co>", "http://", "https://", "<script"} {
		if strings.Contains(page, never) {
			t.Errorf("%q is in the page", never)
		}
	}
}

func TestRemains(t *testing.T) {
	for _, c := range []struct {
		state, node string
		want        []string
	}{
		{cluster.StateFinished, cluster.StatusPassed, []string{"Restart TFTP", "Delete the CTL"}},
		{cluster.StateIncomplete, cluster.StatusFailed, []string{"resume", "take-back", "cucm-pub"}},
		{cluster.StateTakenBack, cluster.StatusTakenBack, []string{"Nothing."}},
		{cluster.StateUntouched, cluster.StatusUnchanged, []string{"Nothing."}},
	} {
		r := sample()
		r.Remains, r.State, r.Nodes[0].Status = nil, c.state, c.node
		r.remains(cluster.Job{ID: r.ID, State: c.state})
		var all string
		for _, m := range r.Remains {
			all += m.String() + "\n"
		}
		for _, want := range c.want {
			if !strings.Contains(all, want) {
				t.Errorf("%s: no %q in %q", c.state, want, all)
			}
		}
	}
}

func TestJSON(t *testing.T) {
	raw, err := json.Marshal(sample())
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]any
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	if back["new"] != nil || back["former"] == nil || back["ended"] != nil {
		t.Errorf("%s", raw)
	}
}
