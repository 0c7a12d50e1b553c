package cluster

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"

	"ctlclient/cluster/reach"
)

// Something else than a CTL Provider of ours on the port: Cisco's own, or any TLS service.
func TestStrangerOnThePort(t *testing.T) {
	s := newSite(t, oldFile)
	l, err := tls.Listen("tcp", net.JoinHostPort(s.profile.LeadNode().Address, "0"), &tls.Config{Certificates: []tls.Certificate{s.node("pub").tls}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = c.Read(make([]byte, 1)) // the first request, or the end
				_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			}()
		}
	}()
	port := l.Addr().(*net.TCPAddr).Port
	for i := range s.profile.Nodes {
		if s.profile.Nodes[i].Name == "pub" {
			s.profile.Nodes[i].CTLPPort = &port
		}
	}
	_, err = Connect(t.Context(), s.profile, s.options())
	var e *reach.Error
	if !errors.As(err, &e) || e.Class != reach.Unreachable || !strings.Contains(err.Error(), "no CTL Provider of ctlclient") ||
		!strings.Contains(strings.Join(e.Hints, " "), `publisher = "cucm"`) {
		t.Errorf("error %v", err)
	}
}
