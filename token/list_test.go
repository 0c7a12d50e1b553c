package token_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"ctlclient/message"
	"ctlclient/softhsm"
	"ctlclient/token"
)

func TestList(t *testing.T) {
	s := store(t)
	from := time.Date(2015, 1, 2, 3, 4, 5, 0, time.UTC)
	tok := create(t, s, softhsm.Spec{Label: "SAST-1", CN: "SAST-ADN0054f509        ", NotBefore: from})
	create(t, s, softhsm.Spec{Label: "SAST-2", KeyBits: 2048, NoPublicKey: true})
	infos, err := token.List(t.Context(), []string{s.Module})
	if err != nil {
		t.Fatal(err)
	}
	if len(infos) != 2 {
		t.Fatalf("%d tokens: the blank slot of SoftHSM is none", len(infos))
	}
	var i token.Info
	for _, i = range infos {
		if i.Label == "SAST-1" {
			break
		}
	}
	if i.Serial != tok.Serial || i.Module != s.Module || i.Manufacturer != "SoftHSM project" || i.Model != "SoftHSM v2" || i.Library.Description == "" {
		t.Errorf("token %+v", i)
	}
	want := token.Flags{LoginRequired: true, Initialized: true, PINInitialized: true}
	if i.Flags != want {
		t.Errorf("flags %+v", i.Flags)
	}
	if len(i.Certificates) != 1 {
		t.Fatalf("certificates %+v", i.Certificates)
	}
	c := i.Certificates[0]
	if c.Subject != `cn="SAST-ADN0054f509        ";ou=IPCBU;o="Cisco Systems, Inc."` || c.Issuer != "cn=Cisco Manufacturing CA;o=Cisco Systems" {
		t.Errorf("subject %s, issuer %s", c.Subject, c.Issuer)
	}
	if !bytes.Equal(c.DER, tok.Certificate) || len(c.Serial) != 10 || c.KeyBits != 1024 || !bytes.Equal(c.ID, []byte{1}) {
		t.Errorf("certificate %+v", c)
	}
	if !c.NotBefore.Equal(from) || !c.NotAfter.Equal(from.AddDate(10, 0, 0)) {
		t.Errorf("valid from %v to %v", c.NotBefore, c.NotAfter)
	}
	// Every name that is handed out finds what it was given for.
	for _, i := range infos {
		for _, u := range []token.URI{i.URI(), i.CertificateURI(i.Certificates[0])} {
			found, c, err := token.CertificateOf(t.Context(), []string{s.Module}, uri(t, u.String()))
			if err != nil || found.Serial != i.Serial || !bytes.Equal(c.DER, i.Certificates[0].DER) {
				t.Errorf("%s finds %q, %v", u, found.Label, err)
			}
		}
	}
}

func TestFindByEveryAttribute(t *testing.T) {
	s := store(t)
	tok := create(t, s, softhsm.Spec{Label: "SAST-1"})
	create(t, s, softhsm.Spec{Label: "SAST-2"})
	i, err := token.Find(t.Context(), []string{s.Module}, uri(t, tok.URI))
	if err != nil {
		t.Fatal(err)
	}
	slot := i.Slot
	for _, u := range []token.URI{
		{Serial: tok.Serial}, {SlotID: &slot}, {SlotDescription: i.SlotDescription, SlotManufacturer: i.SlotManufacturer, Token: "SAST-1"},
		{Token: "SAST-1", Model: "SoftHSM v2", Manufacturer: "SoftHSM project"},
		{Token: "SAST-1", ModuleName: "softhsm2"}, {Token: "SAST-1", ModuleName: "libsofthsm2"}, {Token: "SAST-1", ModulePath: s.Module},
		{Token: "SAST-1", LibraryManufacturer: "SoftHSM", LibraryDescription: "Implementation of PKCS11", LibraryVersion: "2.6"},
		{Token: "SAST-1", Object: "SAST-1"}, {Token: "SAST-1", Type: "private"},
	} {
		if found, _, err := token.CertificateOf(t.Context(), []string{s.Module}, u); err != nil || found.Serial != tok.Serial {
			t.Errorf("%s finds %q, %v", u, found.Label, err)
		}
	}
	for _, u := range []token.URI{
		{Token: "SAST-1", Model: "eToken"}, {Token: "SAST-1", Manufacturer: "Aladdin"}, {Token: "SAST-1", LibraryVersion: "9.9"},
		{Token: "SAST-1", SlotDescription: "x"}, {Token: "sast-1"},
	} {
		_, err := token.Find(t.Context(), []string{s.Module}, u)
		wantKind(t, err, token.NotFound)
	}
	_, _, err = token.CertificateOf(t.Context(), []string{s.Module}, token.URI{Token: "SAST-1", Type: "data"})
	wantKind(t, err, token.NoCertificate)
}

// A module that does not load is an error beside the tokens of the others.
func TestListWithABrokenModule(t *testing.T) {
	s := store(t)
	tok := create(t, s, softhsm.Spec{})
	named := []string{"/nowhere/libgone.so", s.Module, s.Module}
	infos, err := token.List(t.Context(), named)
	if len(infos) != 1 || infos[0].Serial != tok.Serial {
		t.Errorf("tokens %+v", infos)
	}
	wantKind(t, err, token.NoModule)
	if _, err := token.Find(t.Context(), named, uri(t, tok.URI)); err != nil {
		t.Errorf("found beside a broken module: %v", err)
	}
	_, err = token.Find(t.Context(), named, token.URI{Token: "absent"})
	if e := wantKind(t, err, token.NotFound); !strings.Contains(message.Lines(e.Hints()).String(), tok.URI) || !strings.Contains(message.Lines(e.Hints()).String(), "libgone.so") {
		t.Errorf("hint %q", message.Lines(e.Hints()).String())
	}
	mods := token.Modules(t.Context(), named)
	if len(mods) != 2 || mods[0].Err == nil || mods[1].Err != nil || mods[1].Description == "" || mods[1].Version == "" {
		t.Errorf("modules %+v", mods)
	}
}

func TestListCancelled(t *testing.T) {
	s := store(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := token.List(ctx, []string{s.Module}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// SoftHSM2's slots are fixed while it is initialised; tokens made and removed
// meanwhile are seen all the same.
func TestWatchSoftHSM(t *testing.T) {
	s := store(t)
	first := create(t, s, softhsm.Spec{Label: "SAST-1"})
	ctx, cancel := context.WithCancel(t.Context())
	events, ended := make(chan token.Event), make(chan error)
	go func() {
		ended <- token.Watch(ctx, []string{s.Module}, func(e token.Event) { events <- e })
	}()
	expect := func(inserted bool, serial string) {
		t.Helper()
		if e := <-events; e.Inserted != inserted || e.Token.Serial != serial || len(e.Token.Certificates) != 1 {
			t.Fatalf("event %+v", e)
		}
	}
	expect(true, first.Serial)
	second := create(t, s, softhsm.Spec{Label: "SAST-2"})
	expect(true, second.Serial)
	if err := s.Remove("SAST-1"); err != nil {
		t.Fatal(err)
	}
	expect(false, first.Serial)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestWatchNeedsAModule(t *testing.T) {
	err := token.Watch(t.Context(), []string{"/nowhere/libgone.so"}, func(token.Event) {})
	wantKind(t, err, token.NoModule)
}

func TestDistinct(t *testing.T) {
	certs := []token.Certificate{{DER: []byte{1}}}
	all := []token.Info{
		{Module: "maker", Label: "SAST-1", Serial: "01", Certificates: certs},
		{Module: "maker", Label: "SAST-1", Serial: "02"},
		{Module: "opensc", Label: "SAST-1", Serial: "02"},
		{Module: "opensc", Label: "SAST-1 (User PIN)", Serial: "0001", Certificates: certs},
		{Module: "opensc", Label: "other", Serial: "03"},
	}
	got := token.Distinct(all)
	if len(got) != 3 || got[0].Serial != "01" || got[1].Module != "maker" || got[2].Label != "other" {
		t.Errorf("%+v", got)
	}
}
