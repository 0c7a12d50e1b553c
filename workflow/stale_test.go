package workflow_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"ctlclient/cluster/site"
	"ctlclient/lab"
	"ctlclient/protocol/tftp"
	"ctlclient/workflow"
)

// A TFTP service that still gives the former file is a thing to know before a restart, and
// a failure after it: phones would go on getting that file.
func TestStaleFileAfterARestart(t *testing.T) {
	for _, restart := range []bool{false, true} {
		b := newBench(t, lab.Options{Version: "12.0", Phones: phonesThatAsk})
		b.do(b.Regenerate("cucm-pub", "callmanager"))
		sub := b.Nodes[1]
		former := b.served(sub.Name).Bytes()
		c, err := net.ListenPacket("udp", net.JoinHostPort(sub.Address, "0"))
		b.do(err)
		stale := tftp.NewServer(func(string, net.Addr) (io.ReadCloser, int64, error) {
			return io.NopCloser(bytes.NewReader(former)), int64(len(former)), nil
		})
		go stale.Serve(c)
		t.Cleanup(func() { stale.Close() })
		b.change = func(p *site.Profile) {
			p.Node(sub.Name).TFTPPort = site.At(c.LocalAddr().(*net.UDPAddr).Port)
		}
		s := b.connect()
		defer s.Close()
		p, err := s.PlanTokenless(t.Context(), workflow.TokenlessUpdate)
		b.do(err)
		r, err := b.run(s, p, workflow.ExecuteOptions{Restart: restart})
		if r == nil || r.TFTP[sub.Name] || !r.TFTP["cucm-pub"] {
			t.Fatalf("restart %v: %+v, %v", restart, r, err)
		}
		var e *workflow.Error
		if stopped := errors.As(err, &e) && e.Reason == workflow.NotEverywhere && strings.Contains(err.Error(), sub.Name); stopped != restart {
			t.Errorf("restart %v: %v", restart, err)
		}
	}
}
