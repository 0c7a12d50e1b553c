package workflow_test

import (
	"fmt"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"ctlclient/cluster/site"
	"ctlclient/internal/bench/meter"
	"ctlclient/lab"
	"ctlclient/workflow"
)

// largest has an alternate TFTP server and a firewall beside 17 nodes.
var largest = lab.Options{Nodes: 17, Firewall: true, Phones: phonesThatAsk}

// BenchmarkJobOnTheLargestCluster is an update from connection to the last byte read
// back, and what the parts of it take.
func BenchmarkJobOnTheLargestCluster(b *testing.B) {
	for _, nodes := range []int{1, largest.Nodes} {
		b.Run(fmt.Sprintf("%d nodes", nodes), func(b *testing.B) {
			o := largest
			o.Nodes = nodes
			bench := newBench(b, o).migrate()
			for b.Loop() {
				bench.update(workflow.UpdateRequest{})
			}
		})
	}
	b.Run("snapshot", func(b *testing.B) {
		s := newBench(b, largest).connect()
		for b.Loop() {
			if err := s.Refresh(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// roundTrip is how far away the servers of BenchmarkFar are.
const roundTrip = 20 * time.Millisecond

// BenchmarkFar is an update, and a look at the cluster, when each server is [roundTrip]
// away: with the publisher and an alternate server over SFTP alone, and with 16 nodes more.
// The servers run on this machine as well, and take of its processors what 17 machines
// would have of their own.
func BenchmarkFar(b *testing.B) {
	for _, nodes := range []int{1, 17} {
		o := largest
		o.Nodes, o.Firewall = nodes, false
		bench := newBench(b, o).migrate()
		bench.change = far(b)
		b.Run(fmt.Sprintf("status/%d", nodes), func(b *testing.B) {
			var m meter.Meter
			for b.Loop() {
				m.Time(func() {
					s := bench.connect()
					s.Findings(b.Context())
					bench.do(s.Close())
				})
			}
			m.Report(b, "status")
		})
		b.Run(fmt.Sprintf("update/%d", nodes), func(b *testing.B) {
			var m meter.Meter
			for b.Loop() {
				m.Time(func() { bench.update(workflow.UpdateRequest{}) })
			}
			m.Report(b, "update")
		})
	}
}

// far puts a way of [roundTrip] before what is asked over TCP to write and to read files.
func far(b *testing.B) func(*site.Profile) {
	proxies := map[string]*int{} // port before each server
	before := func(address string, port int) *int {
		target := net.JoinHostPort(address, strconv.Itoa(port))
		if proxies[target] == nil {
			l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { l.Close() })
			go carry(l, target)
			proxies[target] = site.At(l.Addr().(*net.TCPAddr).Port)
		}
		return proxies[target]
	}
	return func(p *site.Profile) {
		for i := range p.Nodes {
			n := &p.Nodes[i]
			if n.CTLPPort != nil && *n.CTLPPort != 0 {
				n.CTLPPort = before(n.Address, *n.CTLPPort)
			}
			if n.SFTPPort != nil && *n.SFTPPort != 0 {
				n.SFTPPort = before(n.Address, *n.SFTPPort)
			}
		}
	}
}

// carry takes the connections of l to target, until l is closed.
func carry(l net.Listener, target string) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			server, err := net.Dial("tcp", target)
			if err != nil {
				client.Close()
				return
			}
			var both sync.WaitGroup
			// The client's first words wait for the connection's own round trip too.
			both.Go(func() { late(server, client, time.Now().Add(roundTrip)) })
			both.Go(func() { late(client, server, time.Time{}) })
			both.Wait()
		}()
	}
}

// late carries what src says to dst half a round trip later, and not before first. What is
// said meanwhile is on its way at the same time.
func late(dst, src net.Conn, first time.Time) {
	type said struct {
		b  []byte
		at time.Time
	}
	way := make(chan said, 4096)
	go func() {
		defer close(way)
		for {
			b := make([]byte, 32<<10)
			n, err := src.Read(b)
			from := time.Now()
			if from.Before(first) {
				from = first
			}
			way <- said{b[:n], from.Add(roundTrip / 2)}
			if err != nil {
				return
			}
		}
	}()
	for s := range way {
		time.Sleep(time.Until(s.at))
		if len(s.b) > 0 {
			_, _ = dst.Write(s.b) // an end that is gone says so by its own closing
		}
	}
	dst.Close()
}
