// Package tftp fetches and serves files over TFTP (stub: being written).
package tftp

import (
	"context"
	"io"
	"net"
	"time"
)

// ErrNotFound wraps fs.ErrNotExist.
type Options struct {
	Timeout time.Duration
	Retries int
	MaxSize int64 // default 1 MiB
}

// Get fetches one file, bounded; a missing file is fs.ErrNotExist.
func Get(ctx context.Context, addr, name string, o Options) ([]byte, error) { panic("stub") }

// Server answers read requests only; open returns fs.ErrNotExist for what it does not have.
type Server struct{}

func NewServer(open func(name string, from net.Addr) (io.ReadCloser, int64, error)) *Server {
	panic("stub")
}
func (s *Server) Serve(c net.PacketConn) error { panic("stub") }
func (s *Server) Close() error                 { panic("stub") }
