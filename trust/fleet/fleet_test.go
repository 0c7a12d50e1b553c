package fleet_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"strings"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
	"ctlclient/trust/fleet"
	"ctlclient/trust/trusttest"
)

func TestReadFleet(t *testing.T) {
	s := trusttest.New(t)
	open := func(name string) (io.ReadCloser, error) {
		switch name {
		case "lists/old.tlv":
			return io.NopCloser(bytes.NewReader(s.ETokens.Bytes())), nil
		case "broken.tlv":
			return io.NopCloser(strings.NewReader("no list")), nil
		}
		return nil, fs.ErrNotExist
	}
	csv := "name,model,count,ctl,itl,last-seen,tvs,sbd\n" +
		"SEP0011215A1AE3,7975,,\"" + strings.ToUpper(s.ETokens.MD5()) + " (MD5)\"," + s.ITL.SHA1() + ",2026-01-02,10.1.1.1:2445 10.1.1.2:2445,\n" +
		"old ones,7940,12,lists/old.tlv,none,,,no\n" +
		"attic,8861,3,,,never,,\n" +
		"strange,7965,1,00000000000000000000000000000000,unknown,,,\n"
	json := `[
 {"name": "SEP0011215A1AE3", "model": 7975, "ctl": "` + s.ETokens.MD5() + `", "itl": "` + s.ITL.SHA1() + `", "last-seen": "2026-01-02", "tvs": ["10.1.1.1:2445", "10.1.1.2:2445"]},
 {"name": "old ones", "model": "7940", "count": 12, "ctl": "lists/old.tlv", "itl": "none", "sbd": false},
 {"name": "attic", "model": "8861", "count": 3, "last-seen": "never"},
 {"name": "strange", "model": "7965", "ctl": "00000000000000000000000000000000", "itl": "unknown", "tvs": null}
]`
	for name, text := range map[string]string{
		"csv": csv, "csv with semicolons and a mark": "\ufeff" + strings.ReplaceAll(strings.ReplaceAll(csv, ",", ";"), "name;model", "Device Name;Device Type"),
		"json": json, "json object": `{"phones": ` + json + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			entries, err := fleet.Read(strings.NewReader(text), open)
			if err != nil {
				t.Fatal(err)
			}
			phones := fleet.Resolve(entries, trust.KnownLists(s.ETokens, nil), fleet.Current{CTL: s.Tokenless, ITL: s.ITL, TVS: []string{"pub:2445"}})
			if len(phones) != 4 {
				t.Fatalf("%d phones", len(phones))
			}
			known, old, attic, strange := phones[0], phones[1], phones[2], phones[3]
			if known.CTL != s.ETokens || known.ITL != s.ITL || known.Unknown != "" || known.N() != 1 || len(known.TVS) != 2 {
				t.Errorf("by checksum: %+v", known)
			}
			if old.CTL == nil || old.CTL.MD5() != s.ETokens.MD5() || old.ITL != nil || old.N() != 12 || !old.NoSBD || old.TVS[0] != "pub:2445" {
				t.Errorf("by file: %+v", old)
			}
			if attic.CTL != nil || attic.ITL != nil || attic.Unknown != "never seen" {
				t.Errorf("never seen: %+v", attic)
			}
			if strange.CTL != nil || !strings.Contains(strange.Unknown, "that of no known list") || !strings.Contains(strange.Unknown, "its ITL is not known") {
				t.Errorf("unknown checksum: %+v", strange)
			}
		})
	}
}

func TestFleetErrors(t *testing.T) {
	s := trusttest.New(t)
	open := func(name string) (io.ReadCloser, error) {
		if name == "itl.tlv" {
			return io.NopCloser(bytes.NewReader(s.ITL.Bytes())), nil
		}
		return nil, fs.ErrNotExist
	}
	for text, want := range map[string]string{
		"":                            "fleet: empty",
		"name,colour\nx,red\n":        `fleet, line 1, column 2: no column is called "colour"`,
		"name,name\nx,y\n":            "fleet, line 1, column 2: a second column for name",
		"name,model\n":                "fleet, line 1: column names, but no phones below them",
		"name,model\nx,7940\ny\n":     "fleet, line 3: not as many values as there are columns",
		"model,count\n7940,many\n":    `fleet, line 2, column count: "many" is no number of phones`,
		"model,count\n7940,0\n":       `fleet, line 2, column count: "0" is no number of phones`,
		"name,ctl\nx,abc\n":           "fleet, line 2, column ctl: neither a checksum nor a file: file does not exist",
		"name,ctl\nx,itl.tlv\n":       "fleet, line 2, column ctl: itl.tlv holds the ITL, not the CTL",
		"name,last-seen\nx,yesterday": "fleet, line 2, column last-seen",
		"name,sbd\nx,maybe\n":         `fleet, line 2, column sbd: "maybe" is neither yes nor no`,
		"name,ctl\n\"x\ny\",abc\n":    "fleet, line 3, column ctl",
		"name,model\n,\n":             "fleet, line 2: neither name nor model is given",
		"[\n {\"name\": \"x\",\n  \"count\": \"many\"}\n]": "fleet, line 3, column count",
		"[{\"name\": \"x\", \"colour\": 1}]":               `fleet, line 1: unknown key "colour"`,
		"[{\"name\": \"x\", \"name\": \"y\"}]":             "fleet, line 1, column name: given twice",
		"[\n{\"name\": \"x\"":                              "fleet, line 2: it ends in the middle",
		"[{\"name\": \"x\"}] 1":                            "fleet, line 1: something follows the phones",
		"[{\"name\" \"x\"}]":                               "fleet, line 1: invalid character",
		"{\"phone\": []}":                                  `unknown key "phone"`,
		"[]":                                               "fleet: no phones in it",
		"40 x 7945, twelve":                                `fleet, line 1, column 12: "twelve" is no class of phones`,
		"40 x 7945,\n 3 x 8861 nevver seen":                "fleet, line 2, column 2",
		"99999999999 x 7945":                               "is no number of phones",
		"\xff\xfe":                                         "fleet: empty",
		"\xff\xfea":                                        "save the file as UTF-8",
		"a\xff":                                            "fleet: not UTF-8 text",
	} {
		_, err := fleet.Read(strings.NewReader(text), open)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
		var e *fleet.Error
		if !errors.As(err, &e) || message.Lines(e.Hints()).String() == "" {
			t.Errorf("%q: %T has no hint", text, err)
		}
	}
	if _, err := fleet.Read(strings.NewReader("name,ctl\nx,file.tlv\n"), nil); err == nil || !strings.Contains(err.Error(), "cannot be opened here") {
		t.Errorf("without open: %v", err)
	}
}

func TestParseClasses(t *testing.T) {
	s := trusttest.New(t)
	entries, err := fleet.ParseClasses("40 x 7945, 12 × 7940; 3 x 8861 never seen since 2019\n5*8845 new, 2 x Cisco TelePresence SX20 without ITL, 1 x 7975 without SBD")
	if err != nil {
		t.Fatal(err)
	}
	phones := fleet.Resolve(entries, nil, fleet.Current{CTL: s.ETokens, ITL: s.ITL})
	type row struct {
		Name, Model string
		Count       int
		CTL, ITL    bool
		NoSBD       bool
		Unknown     string
	}
	var got []row
	for _, p := range phones {
		got = append(got, row{p.Name, p.Model, p.Count, p.CTL != nil, p.ITL != nil, p.NoSBD, p.Unknown})
	}
	want := []row{
		{"40 x 7945", "7945", 40, true, true, false, ""},
		{"12 x 7940", "7940", 12, true, false, false, ""},
		{"3 x 8861", "8861", 3, false, false, false, "never seen since 2019"},
		{"5 x 8845", "8845", 5, false, false, false, ""},
		{"2 x Cisco TelePresence SX20", "Cisco TelePresence SX20", 2, true, false, false, ""},
		{"7975", "7975", 1, true, false, true, ""},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

// The sentence of the issue, from words to counts.
func TestFleetToVerdicts(t *testing.T) {
	s := trusttest.New(t)
	entries, err := fleet.Read(strings.NewReader("40 x 7945, 12 x 7940, 3 x 8861 never seen since 2019"), nil)
	if err != nil {
		t.Fatal(err)
	}
	next := trusttest.Edited(t, s.Tokenless, s.Token1, func(d *ctlbuild.Draft) {
		d.Records = d.Records[1:]
		trusttest.AddToken(t, d, s.Token1)
		trusttest.AddToken(t, d, s.Token2)
	})
	var verdicts []trust.Verdict
	for _, p := range fleet.Resolve(entries, nil, fleet.Current{CTL: s.Tokenless, ITL: s.ITL}) {
		verdicts = append(verdicts, trust.Assess(t.Context(), p, trust.Offer{CTL: next}, trusttest.Vouches([]uint8{0}, s.Token1)))
	}
	if accept, lost, unsure := trust.Totals(verdicts); accept != 40 || lost != 12 || unsure != 3 {
		t.Errorf("%d accept, %d lost, %d not certain", accept, lost, unsure)
	}
	var b strings.Builder
	for _, c := range trust.Summarise(verdicts) {
		fmt.Fprintf(&b, "%s: %s. %s\n", c.Who(), c.Outcome(), c.Reason)
	}
	for _, line := range []string{
		"40 phones of model 7945: accept. ", "12 phones of model 7940: reject. ", "3 phones of model 8861: not known. ",
	} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("%q is not in\n%s", line, b.String())
		}
	}
}

func TestSummariseGroups(t *testing.T) {
	v := func(name, model string, n int, accept bool) trust.Verdict {
		return trust.Verdict{Phone: trust.Phone{Name: name, Model: model, Count: n}, Accept: accept, Certain: true, Reason: "r"}
	}
	classes := trust.Summarise([]trust.Verdict{
		v("a", "7945", 0, true), v("b", "7940", 2, false), v("c", "7945", 3, true), v("d", "", 1, false), v("e", "", 1, false),
	})
	got := ""
	for _, c := range classes {
		got += fmt.Sprintf("%s|%d|%s|%v\n", c.Who(), c.Phones, c.Outcome(), c.Names)
	}
	want := "4 phones of model 7945|4|accept|[a c]\n2 phones of model 7940|2|reject|[b]\nd|1|reject|[d]\ne|1|reject|[e]\n"
	if got != want {
		t.Errorf("got\n%s", got)
	}
}

// FuzzRead: whatever is read, every entry stands for at least one phone that has
// a name or model, and every refusal says where or why.
func FuzzRead(f *testing.F) {
	f.Add("name,model,count,ctl,itl,last-seen,tvs,sbd\nx,7975,3,d41d8cd98f00b204e9800998ecf8427e,none,2019,10.1.1.1:2445,no\n")
	f.Add("Device Name;Device Type\nSEP0011215A1AE3;Cisco 7975\n")
	f.Add(`{"phones": [{"name": "x", "model": "8861", "count": 2, "tvs": ["a:1"], "sbd": true}]}`)
	f.Add("40 x 7945, 12 x 7940, 3 x 8861 never seen since 2019")
	f.Add("2 x ATA 187 new\n1 × 7940 without SBD")
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := fleet.Read(strings.NewReader(text), func(string) (io.ReadCloser, error) { return nil, fs.ErrNotExist })
		if err != nil {
			var e *fleet.Error
			if !errors.As(err, &e) || e.Err == nil || len(entries) > 0 {
				t.Fatalf("%T %v with %d entries", err, err, len(entries))
			}
			return
		}
		if len(entries) == 0 {
			t.Fatal("no entries and no error")
		}
		phones := fleet.Resolve(entries, nil, fleet.Current{})
		if len(phones) != len(entries) {
			t.Fatalf("%d entries, %d phones", len(entries), len(phones))
		}
		for i, e := range entries {
			if e.Count < 1 || (e.Name == "" && e.Model == "") || e.Line < 1 || phones[i].N() != e.Count {
				t.Fatalf("%+v", e)
			}
		}
	})
}

// What the cluster serves and nobody could read is not known of the phones that hold it, which is
// another thing than that they hold none.
func TestResolveOfWhatIsNotKnown(t *testing.T) {
	s := trusttest.New(t)
	entries, err := fleet.ParseClasses("40 x 7940, 12 x 8861")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		now       fleet.Current
		not, asks string // why it is not known, of phones that do not ask TVS and of those that do
	}{
		"both known":       {fleet.Current{CTL: s.Tokenless, ITL: s.ITL, CTLUnknown: true, ITLUnknown: true}, "", ""},
		"there are none":   {fleet.Current{}, "", ""},
		"no CTL is known":  {fleet.Current{ITL: s.ITL, CTLUnknown: true}, "its CTL is not known", "its CTL is not known"},
		"no ITL is known":  {fleet.Current{CTL: s.Tokenless, ITLUnknown: true}, "", "its ITL is not known"},
		"neither is known": {fleet.Current{CTLUnknown: true, ITLUnknown: true}, "its CTL is not known", "its CTL is not known; its ITL is not known"},
	} {
		phones := fleet.Resolve(entries, nil, tc.now)
		if phones[0].Unknown != tc.not || phones[1].Unknown != tc.asks {
			t.Errorf("%s: %q and %q", name, phones[0].Unknown, phones[1].Unknown)
		}
	}
}
