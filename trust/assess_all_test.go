package trust_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/trust"
	"ctlclient/trust/advise"
	"ctlclient/trust/hazard"
	"ctlclient/trust/trusttest"
)

// What is said of many phones at once is what is said of each; TVS is asked once for
// phones that are alike.
func TestAssessAll(t *testing.T) {
	s := trusttest.New(t)
	next := trusttest.Edited(t, s.ETokens, s.NewToken, func(d *ctlbuild.Draft) { trusttest.AddToken(t, d, s.NewToken) })
	phones := append(trust.DefaultPhones(s.ETokens, s.ITL, nil),
		trust.Phone{Name: mac, Model: "7975", CTL: s.ETokens, ITL: s.ITL},
		trust.Phone{Name: "SEP0011215A1AE4", Model: "7975", CTL: s.ETokens, ITL: s.ITL},
		trust.Phone{Name: "12 x 7975", Model: "7975", Count: 12, CTL: s.ETokens, ITL: s.ITL},
		trust.Phone{Name: "SEP0011215A1AE5", Model: "7975", CTL: s.ETokens, ITL: s.ITL, Unknown: "x"},
		trust.Phone{Name: "SEP0011215A1AE6", Model: "7940", CTL: s.Tokenless},
	)
	asked := 0
	tvs := trust.AskerFunc(func(ctx context.Context, p trust.Phone, q trust.Question) (trust.Answer, error) {
		asked++
		return trusttest.Vouches([]uint8{0}, s.NewToken).Ask(ctx, p, q)
	})
	for name, o := range map[string]trust.Offer{
		"CTL": {CTL: next}, "ITL": {ITL: s.NewITL}, "HTTPS": {HTTPS: s.Tomcat.DER},
		"configuration": {Config: s.Config(t, mac+".cnf.xml.sgn", []byte("<device/>"))},
	} {
		asked = 0
		all := trust.AssessAll(t.Context(), phones, o, tvs)
		if asked > 3 {
			t.Errorf("%s: asked %d times for three kinds of phones that ask", name, asked)
		}
		for i, p := range phones {
			one := trust.Assess(t.Context(), p, o, tvs)
			if len(one.Console) == 0 && len(all[i].Console) == 0 {
				one.Console = all[i].Console
			}
			if !reflect.DeepEqual(one, all[i]) {
				t.Errorf("%s, %s: alone\n%+v\namong all\n%+v", name, p.Name, one, all[i])
			}
		}
	}
}

// FuzzAssess: whatever lists meet, a trust list that is accepted verifies by itself or
// is held already, a certain verdict about phones that hold nothing needs no TVS, and
// hazards and advice come to an end.
func FuzzAssess(f *testing.F) {
	s := trusttest.New(f)
	for _, seed := range [][3]*ctlbuild.List{
		{s.ETokens, s.ITL, s.Tokenless}, {s.Tokenless, s.ITL, s.NewTokenless}, {s.NonSecure, s.EmptyITL, s.ETokens}, {s.ETokens, s.ITL, s.NewITL},
	} {
		f.Add(seed[0].Bytes(), seed[1].Bytes(), seed[2].Bytes())
	}
	f.Fuzz(func(t *testing.T, held, itl, offered []byte) {
		o, err := ctlbuild.Parse(offered)
		if err != nil {
			return
		}
		var p trust.Phone
		if l, err := ctlbuild.Parse(held); err == nil {
			p.CTL = l
		}
		if l, err := ctlbuild.Parse(itl); err == nil {
			p.ITL = l
		}
		for _, offer := range []trust.Offer{{CTL: o}, {ITL: o}} {
			v := trust.Assess(t.Context(), p, offer, trusttest.Vouches([]uint8{0}, s.NewPub))
			if v.Accept && !o.Verify().OK {
				t.Fatalf("a list that does not verify is accepted: %s", v.Reason)
			}
			if v.Reason == "" || len(v.Steps) == 0 {
				t.Fatal("no reason")
			}
			if p.CTL == nil && p.ITL == nil && (v.ByTVS || !v.Certain && o.Header.Digest != ctlbuild.SHA512) {
				t.Fatalf("a phone without lists asks or wavers: %s", v.Reason)
			}
		}
		hazard.Find(t.Context(), hazard.Change{Old: p.CTL, New: o, ITL: p.ITL, Mixed: true, Now: ctltest.Time}, trust.NoTVS)
		hazard.Find(t.Context(), hazard.Change{Old: p.CTL, Draft: ctlbuild.Edit(o), Signer: s.Token1.DER, Now: ctltest.Time}, nil)
		for kind := range advise.Kinds() {
			a, err := advise.Advise(t.Context(), advise.Situation{CTL: o, ITL: p.ITL, DestinationCTL: p.CTL, Mixed: true},
				[]advise.PlannedChange{{Kind: advise.Kind(kind)}})
			if _, wrong := errors.AsType[*advise.WrongListError](err); wrong && (o.Kind() == ctlbuild.KindITL || p.ITL != nil && p.ITL.Kind() == ctlbuild.KindCTL || p.CTL != nil && p.CTL.Kind() == ctlbuild.KindITL) {
				continue
			}
			if err != nil || a.Summary.IsZero() || a.Safe && (len(a.Breaks) > 0 || len(a.Lost) > 0 || !a.Certain) {
				t.Fatalf("%s: safe %v with %d breaks: %q, %v", advise.Kind(kind), a.Safe, len(a.Breaks), a.Summary, err)
			}
		}
	})
}

// A fleet of 10,000 phones of four models, half of them named one by one.
func BenchmarkAssessAll(b *testing.B) {
	s := trusttest.New(b)
	next := ctltest.Sign(b, s.ETokensDraft(b), s.Token1)
	var phones []trust.Phone
	for i := range 10_000 {
		phones = append(phones, trust.Phone{Name: fmt.Sprintf("SEP%012X", i), Model: []string{"7940", "7965", "8861", "7975"}[i%4], CTL: s.ETokens, ITL: s.ITL})
	}
	for b.Loop() {
		if v := trust.AssessAll(b.Context(), phones, trust.Offer{CTL: next}, nil); !v[9999].Accept {
			b.Fatal(v[9999].Reason)
		}
	}
}
