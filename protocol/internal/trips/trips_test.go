package trips

import (
	"bufio"
	"net"
	"testing"
)

// A connection is one round trip; lines sent together are one more, lines that wait for
// each other one each.
func TestTrips(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		lines := bufio.NewReader(conn)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			if _, err := conn.Write([]byte(line)); err != nil {
				return
			}
		}
	}()
	c, err := New(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", c.Addr())
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(conn)
	ask := func(together ...string) {
		t.Helper()
		for _, line := range together {
			if _, err := conn.Write([]byte(line + "\n")); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range together {
			if line, err := lines.ReadString('\n'); err != nil || line != want+"\n" {
				t.Fatalf("%q, %v", line, err)
			}
		}
	}
	ask("a")
	ask("b", "c", "d")
	ask("e")
	conn.Close()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if got := c.Trips(); got != 4 {
		t.Errorf("%d round trips, want 4", got)
	}
}
