package workflow_test

import (
	"net"
	"sync"
	"testing"

	"ctlclient/cluster/site"
	"ctlclient/lab"
)

// A TVS that takes questions and does not answer is waited for once, not once a certificate: this
// one ends the questions about all certificates when it has them all, and nobody gives up before.
func TestTrustIsAskedSideBySide(t *testing.T) {
	b := newBench(t, lab.Options{CUCM: true, Nodes: 1, Phones: phonesThatAsk})
	b.trusted("SAST-1", "SAST-2", "SAST-3") // all of b.tok
	l, err := net.Listen("tcp", net.JoinHostPort(b.Nodes[0].Address, "0"))
	b.do(err)
	b.change = func(p *site.Profile) {
		for i := range p.Nodes {
			p.Nodes[i].TVSPort = site.At(l.Addr().(*net.TCPAddr).Port)
		}
	}
	s := b.connect()
	want := len(b.tok)
	var asked, served sync.WaitGroup
	asked.Add(want)
	all := make(chan struct{})
	go func() { asked.Wait(); close(all) }()
	served.Go(func() {
		for range want {
			c, err := l.Accept()
			if err != nil {
				return
			}
			asked.Done()
			served.Go(func() {
				defer c.Close()
				gone := make(chan struct{})
				go func() {
					defer close(gone)
					for buf := make([]byte, 1024); ; {
						if _, err := c.Read(buf); err != nil {
							return
						}
					}
				}()
				select {
				case <-all:
				case <-gone:
					t.Error("one question was given up before the others were put")
				}
			})
		}
	})
	list, err := s.TrustList(t.Context())
	l.Close()
	served.Wait()
	if err != nil || len(list) != want {
		t.Fatalf("%d certificates, %v", len(list), err)
	}
	for _, c := range list {
		if len(c.TVS) != 1 || c.TVS[b.Nodes[0].Name].Err == nil {
			t.Errorf("%s: %+v", c.Name, c.TVS)
		}
	}
}
