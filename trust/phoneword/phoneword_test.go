package phoneword

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestKindOf(t *testing.T) {
	for text, want := range map[string]Kind{
		"Trust List updated": Updated, "trust list  Updated": Updated, "CTL updated": Updated,
		"CTL and ITL installed": Installed, "CTL Installed": Installed, "CTL installed": Installed, "ITL installed": ITLInstalled,
		"Trust List update failed": Failed, "CTL update failed": Failed, "Trust List Verification Failed": Failed, "CTL and ITL update failed": Failed,
		"ITL update failed":         Other, // the other list
		"No Trust List installed":   NoList,
		"Erasing CTL and ITL files": Erasing, "File Not Found <CTLFile.tlv>": FileNotFound, "File Not Found : CTLSEP0011215A1AE3.tlv": FileNotFound,
		"File Not Found <Ringlist.xml>": Other, "Restart requested by Cisco Unified Communications Manager": Restarting,
		"": Other, "SEP0011215A1AE3.cnf.xml.sgn": Other, "Liste de confiance mise à jour": Other, "not Trust List updated": Other,
	} {
		if got := KindOf(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	for k := range kinds {
		if k.String() == "" {
			t.Errorf("kind %d has no words", k)
		}
	}
}

// said makes a reading of texts, each a minute after the one before.
func said(texts ...string) Reading {
	r := Reading{Read: true}
	for i, text := range texts {
		r.Entries = append(r.Entries, Entry{fmt.Sprintf("10:%02d:00a", i), text})
	}
	return r
}

const (
	restart = "Restart requested by Cisco Unified Communications Manager"
	config  = "SEP0011215A1AE3.cnf.xml.sgn"
)

func TestJudge(t *testing.T) {
	unread := Reading{}
	full := said("a.xml", "b.xml", "Trust List updated", "d.xml")
	for name, k := range map[string]struct {
		before, after Reading
		want          Verdict
		deciding      string
	}{
		"not read after":                 {said(config), unread, Unknown, ""},
		"never read":                     {unread, unread, Unknown, ""},
		"the same as before":             {full, full, NothingSaid, ""},
		"said before only":               {said("Trust List updated"), said("Trust List updated", config), NothingSaid, ""},
		"took it":                        {said(config), said(config, restart, "Trust List updated", config), Took, "Trust List updated"},
		"first list":                     {said("No Trust List installed"), said("No Trust List installed", "CTL and ITL installed"), Took, "CTL and ITL installed"},
		"refused it":                     {said(config), said(config, "Trust List update failed"), Kept, "Trust List update failed"},
		"refused at first":               {said(config), said(config, "CTL update failed", "Trust List updated"), Took, "Trust List updated"},
		"refused later":                  {said(config), said(config, "Trust List updated", "Trust List Verification Failed"), Kept, "Trust List Verification Failed"},
		"an ITL alone":                   {said(config), said(config, "ITL installed"), NothingSaid, ""},
		"deleted again":                  {said(config), said(config, "Trust List updated", "Erasing CTL and ITL files"), NothingSaid, "Erasing CTL and ITL files"},
		"no list":                        {said(config), said(config, "No Trust List installed"), NothingSaid, "No Trust List installed"},
		"nothing of the matter":          {said(config), said(config, "DHCP timeout", config), NothingSaid, ""},
		"old ones fell out":              {full, Reading{true, append(slices.Clone(full.Entries[2:]), Entry{"11:00:00a", "Trust List update failed"})}, Kept, "Trust List update failed"},
		"the list was emptied":           {full, said("Trust List updated"), Took, "Trust List updated"},
		"emptied and empty":              {full, said(), NothingSaid, ""},
		"empty before":                   {said(), said("Trust List updated"), Took, "Trust List updated"},
		"not read before, restarted":     {unread, said("Trust List update failed", restart, "Trust List updated"), Took, "Trust List updated"},
		"not read before, nothing since": {unread, said("Trust List updated", restart, config), NothingSaid, ""},
		"not read before, no restart":    {unread, said("Trust List updated"), Unknown, ""},
		"another language":               {said(config), said(config, "Liste de confiance mise à jour"), Unknown, ""},
		"another language, files alone":  {said("Liste de confiance mise à jour"), said("Liste de confiance mise à jour", config), NothingSaid, ""},
		"English among odd words":        {said("No Trust List installed"), said("No Trust List installed", "Phone idle"), NothingSaid, ""},
	} {
		w := Judge(k.before, k.after)
		if w.Verdict != k.want || w.Deciding.Text != k.deciding {
			t.Errorf("%s: %+v", name, w)
		}
	}
	w := Judge(said(config), said(config, "Liste de confiance mise à jour"))
	if !reflect.DeepEqual(w.Since, []Entry{{"10:01:00a", "Liste de confiance mise à jour"}}) {
		t.Errorf("what it said since: %+v", w.Since)
	}
	for v := Unknown; v <= Kept; v++ {
		if v.String() == "" {
			t.Errorf("verdict %d has no words", v)
		}
	}
}

// FuzzJudge: a verdict has its reason among what was said since; what was said since is
// the end of what is there after; and saying the same again changes nothing.
func FuzzJudge(f *testing.F) {
	f.Add("a\nTrust List updated", "Trust List updated\nTrust List update failed", true)
	f.Add("", restart+"\nCTL Installed", false)
	f.Add("x", "Liste de confiance", true)
	f.Fuzz(func(t *testing.T, before, after string, read bool) {
		b, a := Reading{Read: read}, Reading{Read: true}
		for line := range strings.Lines(before) {
			b.Entries = append(b.Entries, Entry{Text: strings.TrimSpace(line)})
		}
		for line := range strings.Lines(after) {
			a.Entries = append(a.Entries, Entry{Text: strings.TrimSpace(line)})
		}
		w := Judge(b, a)
		if n := len(a.Entries) - len(w.Since); n < 0 || len(w.Since) > 0 && !slices.Equal(w.Since, a.Entries[n:]) {
			t.Fatalf("%+v is not the end of %+v", w.Since, a.Entries)
		}
		if decided := w.Verdict == Took || w.Verdict == Kept; decided && (!slices.Contains(w.Since, w.Deciding) || KindOf(w.Deciding.Text) == Other) {
			t.Fatalf("%+v", w)
		}
		if again := Judge(a, a); again.Verdict != NothingSaid || len(again.Since) != 0 {
			t.Fatalf("the same again: %+v", again)
		}
		if gone := Judge(b, Reading{Entries: a.Entries}); gone.Verdict != Unknown {
			t.Fatalf("not read: %+v", gone)
		}
	})
}
