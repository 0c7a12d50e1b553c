package cluster

import (
	"bytes"
	"net"
	"sync"
	"testing"
)

// What a faulty network does with the bytes at one position.
const (
	faultCut       = "connection cut"
	faultTruncated = "bytes truncated"
	faultCorrupted = "byte corrupted"
	faultDelayed   = "answer delayed"
)

// proxy stands before a node and counts the bytes of both directions. Armed, it does
// one harm when the count reaches a position; later connections are sound.
type proxy struct {
	t      testing.TB
	target string
	l      net.Listener

	mu    sync.Mutex
	conns map[net.Conn]bool
	count int64
	at    int64  // position of the harm
	harm  string // "": none
	kill  func() // for faultKilled
	wg    sync.WaitGroup

	asking bool
	trips  int // round trips: how often the client spoke after the server had, and connected
}

// turn notes who speaks.
func (p *proxy) turn(asks bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if asks && !p.asking {
		p.trips++
	}
	p.asking = asks
}

func (p *proxy) trip() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trips++
	p.asking = false
}

func newProxy(t testing.TB, address, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", address+":0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, target: target, l: l, conns: map[net.Conn]bool{}}
	p.wg.Go(p.serve)
	t.Cleanup(func() {
		l.Close()
		p.cut()
		p.wg.Wait()
	})
	return p
}

func (p *proxy) port() int { return p.l.Addr().(*net.TCPAddr).Port }

func (p *proxy) serve() {
	for {
		in, err := p.l.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.target)
		if err != nil {
			in.Close()
			continue
		}
		p.mu.Lock()
		p.conns[in], p.conns[out] = true, true
		p.mu.Unlock()
		p.trip() // the connection's own
		p.wg.Go(func() { p.copy(out, in, true) })
		p.wg.Go(func() { p.copy(in, out, false) })
	}
}

func (p *proxy) copy(dst, src net.Conn, asks bool) {
	defer p.end(dst, src)
	buf := make([]byte, 8192)
	for {
		n, err := src.Read(buf)
		if err != nil {
			return
		}
		p.turn(asks)
		chunk, goOn := p.pass(buf[:n])
		if len(chunk) > 0 {
			if _, err := dst.Write(chunk); err != nil {
				return
			}
		}
		if goOn == faultDelayed {
			// Nothing more comes; the other side's patience ends the connection.
			for err == nil {
				_, err = src.Read(buf)
			}
			return
		}
		if goOn != "" {
			return
		}
	}
}

// pass counts a chunk and does the harm when its position is in it.
func (p *proxy) pass(chunk []byte) (out []byte, harm string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	start := p.count
	p.count += int64(len(chunk))
	if p.harm == "" || p.at >= p.count {
		return chunk, ""
	}
	harm, p.harm = p.harm, ""
	k := max(p.at-start, 0)
	switch harm {
	case faultCut, faultDelayed:
		return nil, harm
	case faultKilled:
		p.kill()
		return nil, faultCut
	case faultTruncated:
		return chunk[:k], harm
	}
	chunk = bytes.Clone(chunk)
	chunk[k] ^= 0x20
	return chunk, ""
}

// arm does a harm to the byte that is after bytes from now.
func (p *proxy) arm(harm string, after int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.harm, p.at = harm, p.count+after
}

func (p *proxy) bytes() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

func (p *proxy) end(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		c.Close()
		delete(p.conns, c)
	}
}

// cut ends all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}
