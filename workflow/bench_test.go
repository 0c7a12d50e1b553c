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

// roundTrip is how far away the servers of BenchmarkFar are; they are farther, too, to see
// how much of the time is the way.
const (
	roundTrip = 20 * time.Millisecond
	farther   = 120 * time.Millisecond
)

// BenchmarkFar is an update, and a look at the cluster, when each server is [roundTrip]
// away: with the publisher and an alternate server over SFTP alone, and with 16 nodes more.
// The servers run on this machine as well, and take of its processors what 17 machines
// would have of their own. "trips" are the round trips that are made one after the other:
// by how much longer it takes when the way is, which processors do not come into.
func BenchmarkFar(b *testing.B) {
	for _, nodes := range []int{1, 17} {
		o := largest
		o.Nodes, o.Firewall = nodes, false
		bench := newBench(b, o).migrate()
		near, away := far(b, roundTrip), far(b, farther)
		measure := func(name string, work func()) {
			b.Run(fmt.Sprintf("%s/%d", name, nodes), func(b *testing.B) {
				var m, long meter.Meter
				for b.Loop() {
					bench.change = near
					m.Time(work)
					bench.change = away
					long.Time(work)
				}
				m.Report(b, name)
				b.ReportMetric(float64(long.Wall-m.Wall)/float64(farther-roundTrip), name+"-trips")
			})
		}
		measure("status", func() {
			s := bench.connect()
			s.Findings(b.Context())
			bench.do(s.Close())
		})
		times := 0
		measure("update", func() {
			// Another signer than last time: within a second the same would write the same list.
			times++
			bench.update(workflow.UpdateRequest{Signing: by(bench.uri([]string{"SAST-1", "SAST-2"}[times%2]))})
		})
	}
}

// far puts a way of so long a round trip before what is asked over TCP to write and to
// read files.
func far(b *testing.B, way time.Duration) func(*site.Profile) {
	proxies := map[string]*int{} // port before each server
	before := func(address string, port int) *int {
		target := net.JoinHostPort(address, strconv.Itoa(port))
		if proxies[target] == nil {
			l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { l.Close() })
			go carry(l, target, way)
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
func carry(l net.Listener, target string, way time.Duration) {
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
			both.Go(func() { late(server, client, way, time.Now().Add(way)) })
			both.Go(func() { late(client, server, way, time.Time{}) })
			both.Wait()
		}()
	}
}

// late carries what src says to dst half a round trip later, and not before first. What is
// said meanwhile is on its way at the same time.
func late(dst, src net.Conn, trip time.Duration, first time.Time) {
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
			way <- said{b[:n], from.Add(trip / 2)}
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
