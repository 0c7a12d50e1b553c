package tftp

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"net"
	"time"

	"ctlclient/protocol/internal/serve"
)

const (
	maxBlockSize    = 8192                   // granted at most
	maxTransfers    = 64                     // at a time; a request beyond them is dropped, and its client asks again
	retransmitAfter = 500 * time.Millisecond // without an acknowledgement
	retransmits     = 6
)

// ErrServerClosed is what Serve returns after Close.
var ErrServerClosed = serve.ErrServerClosed

// Server answers read requests. It may serve several sockets at once.
type Server struct {
	open func(name string, from net.Addr) (io.ReadCloser, int64, error)

	group serve.Group
}

// NewServer makes a server of the files that open gives out. open gets a
// relative name with "/" between its elements and no "..", and the client's
// address; it returns the content and its length in bytes (-1: not known).
// fs.ErrNotExist and fs.ErrPermission are answered with their own error codes,
// other errors without their words. It is called on several goroutines.
func NewServer(open func(name string, from net.Addr) (io.ReadCloser, int64, error)) *Server {
	return &Server{open: open, group: serve.Group{Max: maxTransfers}}
}

// Serve answers requests that arrive at c until Close, or until c fails. It
// closes c. Each transfer gets a socket on c's own address, so c should listen
// on one address rather than on all of them.
func (s *Server) Serve(c net.PacketConn) error {
	if !s.group.Hold(c) {
		return ErrServerClosed
	}
	defer s.group.Release(c)
	buf := make([]byte, maxRequest+1)
	for {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			if s.group.Closed() {
				return ErrServerClosed
			}
			if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
				continue
			}
			if transient(err) {
				continue
			}
			return err
		}
		r, err := parseRequest(buf[:n])
		if why, ok := errors.AsType[*refusal](err); ok {
			_, _ = c.WriteTo(errorPacket(why.code, why.message), from) // an answer that is lost is asked for again
			continue
		} else if err != nil {
			continue
		}
		s.transfer(c.LocalAddr(), from, r)
	}
}

// Close ends Serve and cuts every transfer, at once, and waits for their ends.
func (s *Server) Close() error { return s.group.Close() }

// transfer begins to send one file, on a socket of its own. That is connected: the
// system drops packets of everyone but the client.
func (s *Server) transfer(local, remote net.Addr, r request) {
	laddr, ok1 := local.(*net.UDPAddr)
	raddr, ok2 := remote.(*net.UDPAddr)
	if !ok1 || !ok2 {
		return
	}
	conn, err := net.DialUDP("udp", &net.UDPAddr{IP: laddr.IP, Zone: laddr.Zone}, raddr)
	if err != nil {
		return
	}
	if s.group.Start(conn, func(conn net.Conn) { s.answer(conn, remote, r) }) != nil {
		conn.Close() // the client asks again
	}
}

func (s *Server) answer(conn net.Conn, remote net.Addr, r request) {
	file, size, err := s.open(r.name, remote)
	if err != nil {
		code, message := uint16(codeNotDefined), "internal error"
		switch {
		case errors.Is(err, fs.ErrNotExist):
			code, message = codeNotFound, "File not found"
		case errors.Is(err, fs.ErrPermission):
			code, message = codeAccessViolation, "Access violation"
		}
		_, _ = conn.Write(errorPacket(code, message)) // what is lost is asked for again
		return
	}
	defer file.Close()
	send(conn, r, file, size)
}

// send walks through OACK and data blocks; the block shorter than the others is
// the last.
func send(conn net.Conn, r request, file io.Reader, size int64) {
	if oack := r.oack(size); oack != nil && !exchange(conn, oack, 0) {
		return
	}
	blockSize := r.blockSize
	if blockSize == 0 {
		blockSize = 512
	}
	packet := make([]byte, 4+blockSize)
	binary.BigEndian.PutUint16(packet, opData)
	for block := uint16(1); ; block++ { // wraps to 0 in long files, as clients expect
		n, err := io.ReadFull(file, packet[4:])
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			_, _ = conn.Write(errorPacket(codeNotDefined, "file cannot be read"))
			return
		}
		binary.BigEndian.PutUint16(packet[2:], block)
		if !exchange(conn, packet[:4+n], block) || n < blockSize {
			return
		}
	}
}

// exchange sends a packet until its block is acknowledged; false: give up.
func exchange(conn net.Conn, packet []byte, block uint16) bool {
	var buf [516]byte
	for range 1 + retransmits {
		if _, err := conn.Write(packet); err != nil && !transient(err) {
			return false
		}
		deadline := time.Now().Add(retransmitAfter)
		if conn.SetReadDeadline(deadline) != nil {
			return false
		}
		for {
			n, err := conn.Read(buf[:])
			if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
				break
			}
			if err != nil {
				return false // closed, or the client's port is gone
			}
			if n < 4 {
				continue
			}
			switch binary.BigEndian.Uint16(buf[:]) {
			case opAck:
				// An old acknowledgement is not answered by sending again:
				// that would double every packet from then on.
				if binary.BigEndian.Uint16(buf[2:]) == block {
					return true
				}
			case opError:
				return false
			}
		}
	}
	return false
}
