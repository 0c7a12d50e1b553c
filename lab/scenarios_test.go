package lab

import (
	"strings"
	"testing"
)

// The scenarios of the two technotes, named after their paragraphs. What the
// documents say happens is what these tests want to see.

// state of a boot in a word each, for tables: y accepted, n refused, t accepted
// because TVS vouched.
func outcome(b Boot) string {
	word := func(accept, tvs bool) string {
		switch {
		case accept && tvs:
			return "t"
		case accept:
			return "y"
		}
		return "n"
	}
	return word(b.CTL.Accept, b.CTL.ByTVS) + word(b.ITL.Accept, b.ITL.ByTVS) + word(b.Config.Accept, b.Config.ByTVS)
}

// want compares boots by model; models not named are not looked at.
func want(t *testing.T, l *Lab, outcomes map[string]string) {
	t.Helper()
	got := boots(t, l)
	for model, w := range outcomes {
		b, ok := got[model]
		if !ok {
			t.Fatalf("no %s booted", model)
		}
		if o := outcome(b); o != w {
			t.Errorf("%s: CTL, ITL, configuration %s, want %s\nCTL: %s\nITL: %s\nconfiguration: %s\nerror: %v",
				model, o, w, b.CTL.Reason, b.ITL.Reason, b.Config.Reason, b.Err)
		}
	}
}

// Tokenless CTL, "From non-secure mode to mixed mode".
func TestScenarioNonSecureToTokenless(t *testing.T) {
	l := up(t, Options{Version: "10.5", NonSecure: true})
	for _, p := range l.Phones {
		if p.CTL != nil {
			t.Fatalf("%s holds a CTL", p.Name)
		}
	}
	if out := admin(t, l.publisher(), "show ctl"); !strings.Contains(out, "CTL File not found") {
		t.Errorf("show ctl: %s", out)
	}
	out := admin(t, l.publisher(), "utils ctl set-cluster mixed-mode")
	for _, line := range []string{"Moving Cluster to Mixed Mode", "Cluster set to Mixed Mode", restartLine} {
		if !strings.Contains(out, line+"\n") {
			t.Errorf("no %q in\n%s", line, out)
		}
	}
	if out := admin(t, l.publisher(), "run sql select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'"); !strings.Contains(out, "ClusterSecurityMode 1\n") {
		t.Errorf("sql: %s", out)
	}
	if out := admin(t, l.Nodes[1], "show ctl"); !strings.Contains(out, "The CTL file was verified successfully.") {
		t.Errorf("show ctl on the subscriber: %s", out)
	}
	want(t, l, map[string]string{"7975": "yyy", "7965": "yyy", "7940": "yyy"})
}

// Tokenless CTL, "From hardware eTokens to a tokenless solution".
func TestScenarioTokensToTokenless(t *testing.T) {
	for version, outcomes := range map[string]map[string]string{
		// CallManager is no SAST of the token-signed CTL of this release: phones
		// know it from their ITL, a 7940 has none.
		"10.5": {"7975": "yyy", "7965": "yyy", "7940": "nyy"},
		// From 11.5 on it is, and ITLRecovery too (cucm-facts, rule 9).
		"11.5": {"7975": "yyy", "7965": "yyy", "7940": "yyy"},
		"12.0": {"7975": "yyy", "7965": "yyy", "7940": "yyy"},
	} {
		t.Run(version, func(t *testing.T) {
			l := up(t, Options{Version: version, NonSecure: true})
			first, second := token(t, "SAST-1"), token(t, "SAST-2")
			trustAll(t, l, first, second)
			setMode(t, l, true)
			clientCTL(t, l, first, second)
			want(t, l, map[string]string{"7975": "tyy", "7965": "tyy", "7940": "yyy"})

			admin(t, l.publisher(), "utils ctl update CTLFile")
			if !served(t, l, ctlName).Tokenless() {
				t.Error("tokens are still in the CTL")
			}
			want(t, l, outcomes)
		})
	}
}

func setMode(t *testing.T, l *Lab, mixed bool) {
	t.Helper()
	if _, err := provide(t, l.publisher()).SetMode(t.Context(), mixed); err != nil {
		t.Fatal(err)
	}
}

func trustAll(t *testing.T, l *Lab, pairs ...*pair) {
	t.Helper()
	for _, p := range pairs {
		if err := l.TrustCertificate(p.der); err != nil {
			t.Fatal(err)
		}
	}
}

// Tokenless CTL, "From the tokenless solution to hardware eTokens".
func TestScenarioTokenlessToTokens(t *testing.T) {
	first, second := token(t, "SAST-1"), token(t, "SAST-2")
	for _, version := range []string{"10.5", "11.5", "12.0"} {
		t.Run("uploaded to Phone-SAST-trust first, "+version, func(t *testing.T) {
			l := up(t, Options{Version: version})
			trustAll(t, l, first, second)
			list := clientCTL(t, l, first, second)
			want(t, l, map[string]string{"7975": "tyy", "8861": "tyy", "7965": "tyy", "7940": "nyy"})
			for _, p := range l.Phones {
				if holds := p.CTL.MD5() == list.MD5(); holds != (p.Model != "7940") {
					t.Errorf("%s holds the new CTL: %t", p.Model, holds)
				}
			}
			if b := boots(t, l)["7940"]; !strings.Contains(strings.Join(b.Console, "\n"), "Trust List Verification Failed") {
				t.Error("the 7940 does not say that it refuses")
			}
			if err := l.ClearPhone(l.Phones[3].Name); err != nil {
				t.Fatal(err)
			}
			want(t, l, map[string]string{"7940": "yyy"})
		})
	}
	t.Run("not uploaded", func(t *testing.T) {
		l := up(t, Options{Version: "10.5"})
		clientCTL(t, l, first, second)
		// TVS knows the tokens from the CTL that is served.
		want(t, l, map[string]string{"7975": "tyy", "7940": "nyy"})
	})
	t.Run("the CTL deleted as Cisco's client needs it", func(t *testing.T) {
		l := up(t, Options{Version: "10.5"})
		for _, n := range l.callManagers() {
			if out := admin(t, n, "file delete tftp CTLFile.tlv"); !strings.Contains(out, "files: found = 1, deleted = 1") {
				t.Errorf("%s: %s", n.Name, out)
			}
		}
		want(t, l, map[string]string{"7975": "yyy", "7940": "yyy"}) // they keep what they hold
		trustAll(t, l, first, second)
		clientCTL(t, l, first, second)
		want(t, l, map[string]string{"7975": "tyy", "7940": "nyy"})
	})
}

// Tokenless CTL, "Certificate regeneration for the tokenless CTL solution".
func TestScenarioCallManagerRegeneratedUnderTokenless(t *testing.T) {
	l := up(t, Options{Version: "10.5"})
	if err := l.Regenerate("cucm-pub", "callmanager"); err != nil {
		t.Fatal(err)
	}
	former := served(t, l, ctlName).MD5()
	if former != l.Phones[0].CTL.MD5() {
		t.Error("the CTL changed before it was updated")
	}
	admin(t, l.publisher(), "utils ctl update CTLFile")
	want(t, l, map[string]string{"7975": "tyy", "8861": "tyy", "7965": "tyy", "7940": "nyn"})
	if served(t, l, ctlName).MD5() == former {
		t.Error("the CTL did not change")
	}
}

// The same on 12.0: ITLRecovery signs and stays, so that nobody is lost.
func TestScenarioCallManagerRegeneratedOn12(t *testing.T) {
	l := up(t, Options{})
	if err := l.Regenerate("cucm-pub", "callmanager"); err != nil {
		t.Fatal(err)
	}
	admin(t, l.publisher(), "utils ctl update CTLFile")
	allAccept(t, l)
}

// cucm-facts, rule 2: on 12.0 ITLRecovery is the anchor. Regenerated alone, TVS
// vouches for the new one; with TVS at once nobody does.
func TestScenarioITLRecoveryRegenerated(t *testing.T) {
	t.Run("alone", func(t *testing.T) {
		l := up(t, Options{Nodes: 1})
		if err := l.Regenerate("", "itlrecovery"); err != nil {
			t.Fatal(err)
		}
		admin(t, l.publisher(), "utils ctl update CTLFile")
		want(t, l, map[string]string{"7975": "tyy", "7940": "nyy"})
	})
	t.Run("with TVS at once", func(t *testing.T) {
		l := up(t, Options{Nodes: 1})
		for _, what := range []string{"itlrecovery", "tvs"} {
			if err := l.Regenerate("", what); err != nil {
				t.Fatal(err)
			}
		}
		admin(t, l.publisher(), "utils ctl update CTLFile")
		want(t, l, map[string]string{"7975": "nny", "7940": "nyy"})
	})
}

// Tokenless CTL, note on returning to non-secure mode.
func TestScenarioBackToNonSecure(t *testing.T) {
	l := up(t, Options{Version: "10.5"})
	out := admin(t, l.publisher(), "utils ctl set-cluster non-secure-mode")
	if !strings.Contains(out, "Cluster set to Non Secure Mode\n") {
		t.Errorf("%s", out)
	}
	list := served(t, l, ctlName)
	stubs := 0
	for i := range list.Records {
		if list.Records[i].IsStub() {
			stubs++
		}
	}
	if stubs != 2 {
		t.Errorf("%d server records are stubs, want 2", stubs)
	}
	if l.Status().Mixed {
		t.Error("the cluster is still in mixed mode")
	}
	// The 7940 holds but the stubs: its configuration comes without a signature.
	want(t, l, map[string]string{"7975": "yyy", "7940": "yyy"})
}

// Security By Default, "The phone verifies the ITL and configuration file".
func TestScenarioThreeStates(t *testing.T) {
	t.Run("neither CTL nor ITL: trusts the next blindly", func(t *testing.T) {
		l := up(t, Options{Version: "10.5"})
		for _, p := range l.Phones {
			if err := l.ClearPhone(p.Name); err != nil {
				t.Fatal(err)
			}
		}
		for _, what := range []string{"callmanager", "tvs"} {
			if err := l.Regenerate("", what); err != nil {
				t.Fatal(err)
			}
		}
		admin(t, l.publisher(), "utils ctl update CTLFile")
		want(t, l, map[string]string{"7975": "yyy", "7940": "yyy"})
	})
	t.Run("a CTL but no ITL: an ITL that the CTL's CCM+TFTP verifies", func(t *testing.T) {
		l := up(t, Options{Version: "10.5", NoITL: true, Nodes: 1})
		if l.Phones[0].ITL != nil || l.Phones[0].CTL == nil {
			t.Fatal("the phone does not hold a CTL alone")
		}
		l.st.NoITL = false // the upgrade to 8.0 and later
		if err := l.RestartServices(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(t, l, map[string]string{"7975": "yyy"})
		if l.Phones[0].ITL == nil {
			t.Error("the ITL was not taken")
		}
	})
	t.Run("a CTL but no ITL: not another's", func(t *testing.T) {
		l := up(t, Options{Version: "10.5", NoITL: true, Nodes: 1})
		if err := l.Regenerate("", "callmanager"); err != nil {
			t.Fatal(err)
		}
		l.st.NoITL = false
		if err := l.RestartServices(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(t, l, map[string]string{"7975": "ynn"})
	})
}

// Security By Default, "Regenerate certificates".
func TestScenarioRegenerate(t *testing.T) {
	t.Run("CallManager alone: TVS vouches for the new ITL", func(t *testing.T) {
		l := up(t, Options{Version: "10.5", Nodes: 1, NonSecure: true})
		if err := l.Regenerate("", "callmanager"); err != nil {
			t.Fatal(err)
		}
		want(t, l, map[string]string{"7975": "yty", "7965": "yty"})
		want(t, l, map[string]string{"7975": "yyy"}) // known from now on
	})
	t.Run("TVS alone: CallManager vouches for the new ITL", func(t *testing.T) {
		l := up(t, Options{Version: "10.5", Nodes: 1, NonSecure: true})
		if err := l.Regenerate("", "tvs"); err != nil {
			t.Fatal(err)
		}
		want(t, l, map[string]string{"7975": "yyy"})
	})
	t.Run("both at once strand every phone, until it is cleared by hand", func(t *testing.T) {
		l := up(t, Options{Version: "10.5", Nodes: 1, NonSecure: true})
		for _, what := range []string{"callmanager", "tvs"} {
			if err := l.Regenerate("", what); err != nil {
				t.Fatal(err)
			}
		}
		want(t, l, map[string]string{"7975": "ynn", "8861": "ynn", "7965": "ynn"})
		if b := boots(t, l)["7975"]; b.Accepted() || b.Reason() != b.ITL.Reason || !strings.Contains(b.Reason(), "TVS") {
			t.Errorf("the phone's reason: %s", b.Reason())
		}
		for _, p := range l.Phones {
			if err := l.ClearPhone(p.Name); err != nil {
				t.Fatal(err)
			}
		}
		allAccept(t, l)
	})
	t.Run("in mixed mode too: the tokenless CTL is refused with the ITL", func(t *testing.T) {
		l := up(t, Options{Version: "10.5", Nodes: 1})
		for _, what := range []string{"callmanager", "tvs"} {
			if err := l.Regenerate("", what); err != nil {
				t.Fatal(err)
			}
		}
		admin(t, l.publisher(), "utils ctl update CTLFile")
		want(t, l, map[string]string{"7975": "nnn", "8861": "nnn", "7965": "nnn", "7940": "nyn"})
	})
	t.Run("a second TVS server vouches even then", func(t *testing.T) {
		l := up(t, Options{Version: "10.5", Nodes: 2, NonSecure: true})
		for _, what := range []string{"callmanager", "tvs"} {
			if err := l.Regenerate("cucm-pub", what); err != nil {
				t.Fatal(err)
			}
		}
		want(t, l, map[string]string{"7975": "yty"})
	})
	t.Run("but not for a phone that has but one in its group", func(t *testing.T) {
		l := up(t, Options{Version: "10.5", Nodes: 2, NonSecure: true,
			Phones: []PhoneSpec{{Model: "7975", Group: []string{"cucm-pub"}}, {Model: "7965"}}})
		for _, what := range []string{"callmanager", "tvs"} {
			if err := l.Regenerate("cucm-pub", what); err != nil {
				t.Fatal(err)
			}
		}
		want(t, l, map[string]string{"7975": "ynn", "7965": "yty"})
	})
}

// Security By Default, "Change host names or domain names".
func TestScenarioRenameHost(t *testing.T) {
	t.Run("single node, ITL only: stranded", func(t *testing.T) {
		l := up(t, Options{Version: "10.5", Nodes: 1, NonSecure: true})
		if err := l.RenameHost("cucm-pub", "cucm-new"); err != nil {
			t.Fatal(err)
		}
		want(t, l, map[string]string{"7975": "ynn"})
	})
	t.Run("single node, ITL only, the rollback parameter set first", func(t *testing.T) {
		l := up(t, Options{Version: "10.5", Nodes: 1, NonSecure: true})
		if err := l.PrepareRollback(true); err != nil {
			t.Fatal(err)
		}
		want(t, l, map[string]string{"7975": "yyy"})
		if !l.Phones[0].ITL.IsEmptyRollback() {
			t.Error("the ITL held is not emptied")
		}
		if err := l.RenameHost("cucm-pub", "cucm-new"); err != nil {
			t.Fatal(err)
		}
		if err := l.PrepareRollback(false); err != nil {
			t.Fatal(err)
		}
		allAccept(t, l)
		if l.Phones[0].ITL.IsEmptyRollback() {
			t.Error("the ITL held is still emptied")
		}
	})
	t.Run("single node, CTL and ITL: the CTL Client run again mends it", func(t *testing.T) {
		l := up(t, Options{Version: "10.5", Nodes: 1})
		tok := token(t, "SAST-1")
		trustAll(t, l, tok)
		clientCTL(t, l, tok)
		want(t, l, map[string]string{"7975": "tyy"})
		if err := l.RenameHost("cucm-pub", "cucm-new"); err != nil {
			t.Fatal(err)
		}
		want(t, l, map[string]string{"7975": "ynn"})
		clientCTL(t, l, tok)
		want(t, l, map[string]string{"7975": "yyy"})
	})
	t.Run("several nodes, ITL only: one at a time", func(t *testing.T) {
		l := up(t, Options{Version: "10.5", Nodes: 2, NonSecure: true})
		if err := l.RenameHost("cucm-pub", "cucm-new"); err != nil {
			t.Fatal(err)
		}
		want(t, l, map[string]string{"7975": "yty"})
		if err := l.RenameHost("cucm-sub1", "cucm-sub-new"); err != nil {
			t.Fatal(err)
		}
		want(t, l, map[string]string{"7975": "yyy"})
	})
	t.Run("several nodes, ITL only: all at once", func(t *testing.T) {
		l := up(t, Options{Version: "10.5", Nodes: 2, NonSecure: true})
		for from, to := range map[string]string{"cucm-pub": "cucm-new", "cucm-sub1": "cucm-sub-new"} {
			if err := l.RenameHost(from, to); err != nil {
				t.Fatal(err)
			}
		}
		want(t, l, map[string]string{"7975": "ynn"})
	})
	t.Run("several nodes, CTL and ITL: all at once, the CTL Client mends it", func(t *testing.T) {
		l := up(t, Options{Version: "10.5", Nodes: 2})
		tok := token(t, "SAST-1")
		trustAll(t, l, tok)
		clientCTL(t, l, tok)
		want(t, l, map[string]string{"7975": "tyy"})
		for from, to := range map[string]string{"cucm-pub": "cucm-new", "cucm-sub1": "cucm-sub-new"} {
			if err := l.RenameHost(from, to); err != nil {
				t.Fatal(err)
			}
		}
		want(t, l, map[string]string{"7975": "ynn"})
		clientCTL(t, l, tok)
		want(t, l, map[string]string{"7975": "yyy"})
	})
}

// Security By Default, "Backup and restore", CSCtn50405.
func TestScenarioRestoreWithoutCallManager(t *testing.T) {
	l := up(t, Options{Version: "10.5", Nodes: 1})
	if err := l.RestoreBackup("cucm-pub"); err != nil {
		t.Fatal(err)
	}
	out := admin(t, l.publisher(), "show itl")
	for _, line := range []string{"This etoken was not used to sign the ITL file.", "Verification of the ITL file failed."} {
		if !strings.Contains(out, line) {
			t.Errorf("show itl lacks %q:\n%s", line, out)
		}
	}
	want(t, l, map[string]string{"7975": "ynn"})
	admin(t, l.publisher(), "utils ctl update CTLFile")
	if v := served(t, l, ctlName).Verify(); v.OK {
		t.Error("the CTL made in that state verifies")
	}
	if err := l.Regenerate("cucm-pub", "callmanager"); err != nil {
		t.Fatal(err)
	}
	admin(t, l.publisher(), "utils ctl update CTLFile")
	want(t, l, map[string]string{"7975": "tyy"})
}
