//go:build linux

package torture

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"ctlclient/ctlbuild"
)

// errNoFile is the answer of a TFTP server that has no such file.
var errNoFile = errors.New("no such file")

// readTFTP fetches a file as phones do (RFC 1350, 512 bytes a block), with a client of this
// package's own. What takes longer than a second is given up.
func readTFTP(address string) ([]byte, error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	to, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return nil, err
	}
	if _, err := conn.WriteTo([]byte("\x00\x01CTLFile.tlv\x00octet\x00"), to); err != nil {
		return nil, err
	}
	var file []byte
	packet := make([]byte, 2048)
	for block := uint16(1); len(file) < 1<<20; {
		n, from, err := conn.ReadFrom(packet)
		if err != nil {
			return nil, err
		}
		if n < 4 {
			return nil, fmt.Errorf("%d bytes are no TFTP packet", n)
		}
		switch op := binary.BigEndian.Uint16(packet); {
		case op == 5 && binary.BigEndian.Uint16(packet[2:]) == 1:
			return nil, errNoFile
		case op == 5:
			return nil, fmt.Errorf("TFTP error %d: %q", binary.BigEndian.Uint16(packet[2:]), packet[4:n])
		case op != 3 || binary.BigEndian.Uint16(packet[2:]) != block:
			continue // said twice
		}
		file = append(file, packet[4:n]...)
		if _, err := conn.WriteTo([]byte{0, 4, packet[2], packet[3]}, from); err != nil {
			return nil, err
		}
		if n < 4+512 {
			return file, nil
		}
		block++
	}
	return nil, errors.New("more than a megabyte")
}

// reader fetches the file of every node all the time.
type reader struct {
	stop  chan struct{}
	nodes sync.WaitGroup
	mu    sync.Mutex
	whole map[[32]byte]bool
	reads int
	lies  []string
}

// watch begins to read; missing says whether a node may have no file.
func watch(nodes []node, missing bool) *reader {
	r := &reader{stop: make(chan struct{}), whole: map[[32]byte]bool{}}
	for _, n := range nodes {
		r.nodes.Go(func() {
			for {
				select {
				case <-r.stop:
					return
				case <-time.After(3 * time.Millisecond): // leaves the machine to others
				}
				file, err := readTFTP(n.tftp)
				r.saw(n.name, file, err, missing)
			}
		})
	}
	return r
}

// saw judges what a node gave.
func (r *reader) saw(node string, file []byte, err error, missing bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case errors.Is(err, errNoFile):
		if !missing {
			r.lies = append(r.lies, node+" served no file for a while, though it had one before and after")
		}
	case err != nil: // the node is off, frozen, or its port is shut
	default:
		r.reads++
		sum := sha256.Sum256(file)
		if _, known := r.whole[sum]; !known {
			r.whole[sum] = whole(file) == nil
			if !r.whole[sum] {
				r.lies = append(r.lies, fmt.Sprintf("%s served %d bytes that are no whole list: %v", node, len(file), whole(file)))
			}
		}
	}
}

// whole is nil for a list that is complete and verifies.
func whole(file []byte) error {
	l, err := ctlbuild.Parse(file)
	if err != nil {
		return err
	}
	if v := l.Verify(); !v.OK {
		return errors.New(v.Reason)
	}
	return nil
}

// end is what was found, and how many files were read.
func (r *reader) end() ([]string, int) {
	close(r.stop)
	r.nodes.Wait()
	return r.lies, r.reads
}
