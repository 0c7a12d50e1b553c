package cluster

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"

	"ctlclient/cluster/reach"
	"ctlclient/message"
)

// Something else than a CTL Provider of ours on the port: Cisco's own, any TLS service, or one
// that speaks no TLS at all.
func TestStrangerOnThePort(t *testing.T) {
	for name, wrap := range map[string]func(net.Listener, *tls.Config) net.Listener{
		"TLS": tls.NewListener, "no TLS": func(l net.Listener, _ *tls.Config) net.Listener { return l },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, oldFile)
			plain, err := net.Listen("tcp", net.JoinHostPort(s.profile.LeadNode().Address, "0"))
			if err != nil {
				t.Fatal(err)
			}
			l := wrap(plain, &tls.Config{Certificates: []tls.Certificate{s.node("pub").tls}})
			defer l.Close()
			go answerOddly(l)
			port := l.Addr().(*net.TCPAddr).Port
			for i := range s.profile.Nodes {
				if s.profile.Nodes[i].Name == "pub" {
					s.profile.Nodes[i].CTLPPort = &port
				}
			}
			_, err = Connect(t.Context(), s.profile, s.options())
			var e *reach.Error
			if !errors.As(err, &e) || e.Class != reach.Unreachable || !strings.Contains(err.Error(), "no CTL Provider of ctlclient") ||
				!strings.Contains(message.Lines(e.Hints()).String(), `publisher = "cucm"`) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// answerOddly answers every first request with what no CTL Provider says.
func answerOddly(l net.Listener) {
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
}
