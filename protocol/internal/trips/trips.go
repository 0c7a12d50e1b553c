// Package trips counts the round trips of a protocol, for tests: what a person waits for
// over a long way is their number, whatever this machine's speed.
//
// A proxy on loopback lets each side finish what it has to say before the other side
// hears of it, as distance would: requests that are sent together are one round trip.
// Nothing is timed; a pause only tells that a side waits.
package trips

import (
	"io"
	"net"
	"sync"
	"time"
)

// pause is how long a side says nothing when it waits. A machine that is busier than
// that makes the count too high, never too low.
const pause = 30 * time.Millisecond

// Counter is a proxy before one server.
type Counter struct {
	listener net.Listener
	upstream string
	wg       sync.WaitGroup

	mu    sync.Mutex
	trips int
}

// New starts a proxy before upstream (host:port); Close ends it.
func New(upstream string) (*Counter, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &Counter{listener: l, upstream: upstream}
	c.wg.Go(c.accept)
	return c, nil
}

// Addr is where clients connect to.
func (c *Counter) Addr() string { return c.listener.Addr().String() }

// Trips are the round trips so far: one for each connection, and one for each time a
// client said something and then waited.
func (c *Counter) Trips() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.trips
}

// Close ends the proxy; its clients are to be closed before.
func (c *Counter) Close() error {
	err := c.listener.Close()
	c.wg.Wait()
	return err
}

func (c *Counter) count() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trips++
}

func (c *Counter) accept() {
	for {
		client, err := c.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", c.upstream)
		if err != nil {
			client.Close()
			continue
		}
		c.count()
		c.wg.Go(func() { c.relay(client, server) })
	}
}

// relay lets client and server speak in turns until one of them ends.
func (c *Counter) relay(client, server net.Conn) {
	defer client.Close()
	defer server.Close()
	fromClient, fromServer := listen(client), listen(server)
	for {
		said, open := fromClient.turn()
		if len(said) > 0 {
			c.count()
			if _, err := server.Write(said); err != nil {
				return
			}
		}
		if !open {
			return
		}
		said, open = fromServer.turn()
		if _, err := client.Write(said); err != nil || !open {
			return
		}
	}
}

// side is what one side says.
type side chan []byte

// listen hears a connection until its end, which closes the channel.
func listen(conn io.Reader) side {
	s := make(side, 1024)
	go func() {
		defer close(s)
		for {
			b := make([]byte, 64<<10)
			n, err := conn.Read(b)
			if n > 0 {
				s <- b[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	return s
}

// turn is what a side says until it waits; open: it may say more.
func (s side) turn() (said []byte, open bool) {
	for {
		select {
		case b, ok := <-s:
			if !ok {
				return said, false
			}
			said = append(said, b...)
		case <-time.After(pause):
			return said, true
		}
	}
}
