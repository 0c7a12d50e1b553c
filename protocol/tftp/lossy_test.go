package tftp_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"ctlclient/protocol/tftp"
)

// Lost and doubled packets cost time, not bytes.
func TestLossyWay(t *testing.T) {
	server := startServer(t, open)
	addr := lossyRelay(t, server)
	got, err := tftp.Get(t.Context(), addr, "CTLFile.tlv", tftp.Options{Timeout: 50 * time.Millisecond, Retries: 50, BlockSize: 512})
	if err != nil || !bytes.Equal(got, files["CTLFile.tlv"]) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// lossyRelay passes packets of one client to a server and back, loses every
// third one and doubles every fifth.
func lossyRelay(t *testing.T, server string) string {
	t.Helper()
	front, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	back, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { front.Close(); back.Close() })
	listening, err := net.ResolveUDPAddr("udp", server)
	if err != nil {
		t.Fatal(err)
	}
	clients, servers := make(chan net.Addr, 1), make(chan net.Addr, 1)
	servers <- listening
	pump := func(from, to net.PacketConn, learn, know chan net.Addr) {
		buf := make([]byte, 2048)
		for count := 1; ; count++ {
			n, sender, err := from.ReadFrom(buf)
			if err != nil {
				return
			}
			select { // the newest address is the one to answer to
			case <-learn:
			default:
			}
			learn <- sender
			if count%3 == 0 {
				continue
			}
			target := <-know
			know <- target
			to.WriteTo(buf[:n], target)
			if count%5 == 0 {
				to.WriteTo(buf[:n], target)
			}
		}
	}
	go pump(front, back, clients, servers)
	go pump(back, front, servers, clients)
	return front.LocalAddr().String()
}

func ExampleGet() {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	s := tftp.NewServer(func(name string, _ net.Addr) (io.ReadCloser, int64, error) {
		return io.NopCloser(strings.NewReader("a trust list")), -1, nil
	})
	defer s.Close()
	go s.Serve(c)

	data, err := tftp.Get(context.Background(), c.LocalAddr().String(), "CTLFile.tlv", tftp.Options{})
	fmt.Println(string(data), err)
	// Output: a trust list <nil>
}
