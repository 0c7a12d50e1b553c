package cluster

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"ctlclient/cluster/site"
)

// HTTP serves what TFTP serves, or it is said: newer phones ask HTTP first.
func TestReadBackOverHTTP(t *testing.T) {
	s := newSite(t, oldFile)
	served, asked := oldFile, 0
	var mu sync.Mutex
	l, err := net.Listen("tcp", s.node("sub").address+":0")
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked++
		_, _ = w.Write(served) // who asks has gone
	})}
	go web.Serve(l)
	t.Cleanup(func() { web.Close() })
	for i := range s.profile.Nodes { // sub alone serves HTTP
		if n := &s.profile.Nodes[i]; n.Name == "sub" {
			n.HTTPPort = site.At(l.Addr().(*net.TCPAddr).Port)
		}
	}
	agrees := func(want bool) {
		t.Helper()
		snap, err := s.connect(s.options()).Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range snap.Nodes {
			if (n.HTTPAgree != nil) != (n.Node.Name == "sub") || n.HTTPAgree != nil && *n.HTTPAgree != want {
				t.Errorf("%s: HTTP agrees: %v", n.Node.Name, n.HTTPAgree)
			}
		}
	}
	agrees(true)
	out, err := s.connect(s.options()).Distribute(t.Context(), DistributeOptions{Data: newFile})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range out.Nodes {
		if strings.Contains(n.Warning.String(), "HTTP") != (n.Node == "sub") {
			t.Errorf("%s: warning %q", n.Node, n.Warning.String())
		}
	}
	agrees(false)
	mu.Lock()
	served = newFile
	mu.Unlock()
	agrees(true)

	// What comes over HTTP for want of TFTP is compared with nothing, and asked for once.
	s.profile.Nodes[1].TFTPPort = site.NotRun()
	mu.Lock()
	asked = 0
	mu.Unlock()
	snap, err := s.connect(s.options()).Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := snap.Nodes[1]; n.TFTPErr != nil || n.TFTPAgree == nil || !*n.TFTPAgree || n.HTTPAgree != nil {
		t.Errorf("without TFTP: %v, agrees %v, HTTP %v", n.TFTPErr, n.TFTPAgree, n.HTTPAgree)
	}
	mu.Lock()
	defer mu.Unlock()
	if asked != 1 {
		t.Errorf("it was asked %d times", asked)
	}
}
