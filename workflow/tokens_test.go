package workflow_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ctlclient/lab"
	"ctlclient/softhsm"
	"ctlclient/token"
	"ctlclient/workflow"
)

// A job with two tokens loads the module once, from its plan to its signature: OpenSC's spy
// writes down each time that it is loaded.
func TestModulesAreLoadedOnceAJob(t *testing.T) {
	found, err := filepath.Glob("/usr/lib/*/pkcs11-spy.so")
	if err != nil || len(found) == 0 {
		needPart(t, errors.New("pkcs11-spy.so is missing: install opensc-pkcs11"))
	}
	b := newBench(t, lab.Options{})
	b.trusted("SAST-1", "SAST-2")
	said := filepath.Join(t.TempDir(), "spy")
	b.o.Modules = []string{token.ModuleWith(found[0], "PKCS11SPY="+drawer.store.Module, "PKCS11SPY_OUTPUT="+said)}
	b.o.AcceptLoss = true
	b.toTokens(workflow.Signing{})
	raw, err := os.ReadFile(said)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(raw), "OpenSC PKCS#11 spy"); n != 1 {
		t.Errorf("the module was loaded %d times", n)
	}
}

// ownTokens are SAST-1 and SAST-2 of a store that a test may harm.
func ownTokens(t *testing.T, spec softhsm.Spec) (*softhsm.Store, map[string]*softhsm.Token) {
	t.Helper()
	store, err := softhsm.Open(t.TempDir())
	if err != nil {
		needPart(t, err)
	}
	tok := map[string]*softhsm.Token{}
	for _, spec.Label = range []string{"SAST-1", "SAST-2"} {
		if tok[spec.Label], err = store.Create(spec); err != nil {
			t.Fatal(err)
		}
	}
	return store, tok
}

// Tokens that show their certificates after a login alone are found all the same, and each
// PIN is asked for once, for the plan and the signature.
func TestTokensThatHideTheirCertificates(t *testing.T) {
	store, tok := ownTokens(t, softhsm.Spec{PrivateCertificate: true})
	b := newBenchOf(t, lab.Options{}, store.Own(), tok)
	b.trusted("SAST-1", "SAST-2")
	b.o.AcceptLoss = true
	b.toTokens(workflow.Signing{})
	if len(b.who.asked) != 2 {
		t.Errorf("a PIN was asked for %d times", len(b.who.asked))
	}
}
