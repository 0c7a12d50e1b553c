package cluster

import (
	"crypto/tls"
	"fmt"
	"net"
	"reflect"
	"testing"
	"time"

	"ctlclient/ctlbuild/ctltest"
	"ctlclient/protocol/tvs"
	"ctlclient/trust"
)

// TVS is told which phone asks, and asked by the names where a phone would.
func TestTVSIsToldWhoAsks(t *testing.T) {
	lists := ctltest.NewCluster(t, 2048)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan tvs.Request, 3)
	srv := tvs.NewServer(tvs.ServerOptions{
		Certificate: func() (tls.Certificate, error) {
			return tls.Certificate{Certificate: [][]byte{lists.TVS.DER}, PrivateKey: lists.TVS.Key}, nil
		},
		Answer: func(r tvs.Request) tvs.Answer {
			seen <- r
			return tvs.Answer{Valid: true, Certificate: lists.Pub.DER, Roles: []uint8{2}, TTL: time.Hour}
		},
	})
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	s := newSite(t, oldFile)
	c := s.connect(s.options())
	phone := trust.Phone{Name: "SEP0011215A1AE3", Model: "8861", CTL: lists.ETokens(t), ITL: lists.ITL(t), TVS: []string{fmt.Sprint(l.Addr())}}
	names := tvs.Names{Subject: "CN=cucm-pub", Issuer: "CN=a CA", Serial: []byte{1, 2, 3}}
	a, err := c.TVS().Ask(t.Context(), phone, trust.Question{Subject: names.Subject, Issuer: names.Issuer, Serial: names.Serial, Certificate: lists.Sub.DER})
	if err != nil || !a.Valid || !reflect.DeepEqual(a.Certificate, lists.Pub.DER) || !reflect.DeepEqual(a.Roles, []uint8{2}) {
		t.Errorf("%+v, %v", a, err)
	}
	if got, want := <-seen, (tvs.Request{DeviceName: "CP-8861-SEP0011215A1AE3", Names: names}); !reflect.DeepEqual(got, want) {
		t.Errorf("by names: %+v, want %+v", got, want)
	}
	if _, err := c.TVS().Ask(t.Context(), phone, trust.Question{Certificate: lists.Sub.DER}); err != nil {
		t.Fatal(err)
	}
	if got := <-seen; got.DeviceName != "CP-8861-SEP0011215A1AE3" || !reflect.DeepEqual(got.Certificate, lists.Sub.DER) {
		t.Errorf("about a certificate: %s, %d bytes", got.DeviceName, len(got.Certificate))
	}
}
