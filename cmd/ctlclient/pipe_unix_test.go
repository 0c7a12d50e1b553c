//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestReaderGone(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if readerGone(w.Fd()) {
		t.Error("a pipe that is read counts as gone")
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if !readerGone(w.Fd()) {
		t.Error("a pipe that nobody reads counts as read")
	}
}

// A reader that has had enough ends the command as an interrupt does, without a word.
func TestReaderThatHadEnough(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"version", "--json"}, {"schema", "event"}} {
		r, w, err := os.Pipe()
		if err == nil {
			err = r.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		var said bytes.Buffer
		if code := run(args, nil, w, &said); code != exitInterrupted || said.Len() > 0 {
			t.Errorf("%v: exit %d, says %q", args, code, said.String())
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A node that hangs up is an error of that node, and no interrupt of the whole program.
func TestBrokenConnectionIsNoInterrupt(t *testing.T) {
	ctx, stop := untilInterrupted(context.Background(), func() bool { return false })
	defer stop()
	l, err := net.Listen("unix", t.TempDir()+"/s")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := l.Accept()
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	for err = nil; err == nil; { // until it is noticed
		_, err = c.Write([]byte("to nobody"))
	}
	if !errors.Is(err, syscall.EPIPE) {
		t.Fatal(err)
	}
	// An interrupt that comes later is the first one: signals are handed on in order.
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if got := context.Cause(ctx); !errors.Is(got, errHangup) {
		t.Errorf("the program was interrupted by %v", got)
	}
}
