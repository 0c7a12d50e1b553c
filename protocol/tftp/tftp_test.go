package tftp_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pintftp "github.com/pin/tftp/v3"

	"ctlclient/protocol/tftp"
)

// needPart skips, or fails where the parts must be there.
func needPart(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// files of several lengths: none, around a block of each size, over 65,536
// blocks of 8 (the block number wraps).
var files = map[string][]byte{
	"empty":       {},
	"one":         pattern(1),
	"block-1":     pattern(511),
	"block":       pattern(512),
	"block+1":     pattern(513),
	"frame":       pattern(1428),
	"frame+1":     pattern(1429),
	"CTLFile.tlv": pattern(6113),
	"dir/tones":   pattern(40_000),
	"large":       pattern(600_000),
}

func pattern(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i * 7 >> 3)
	}
	return data
}

func open(name string, _ net.Addr) (io.ReadCloser, int64, error) {
	switch name {
	case "secret":
		return nil, 0, fs.ErrPermission
	case "broken":
		return nil, 0, errors.New("disk /dev/sda1 is on fire")
	}
	data, ok := files[name]
	if !ok {
		return nil, 0, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(data)), int64(len(data)), nil
}

// startServer starts ours.
func startServer(t *testing.T, open func(string, net.Addr) (io.ReadCloser, int64, error)) string {
	t.Helper()
	s := tftp.NewServer(open)
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(c) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, tftp.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return c.LocalAddr().String()
}

// startPackaged starts tftpd-hpa's server on a folder.
func startPackaged(t *testing.T, folder string) string {
	t.Helper()
	server, err := exec.LookPath("in.tftpd")
	if err != nil {
		server = "/usr/sbin/in.tftpd"
		if _, err := os.Stat(server); err != nil {
			needPart(t, "in.tftpd is not installed (tftpd-hpa)")
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("in.tftpd changes its user and root folder, which only root may")
	}
	probe, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := probe.LocalAddr().String()
	probe.Close()
	command := exec.Command(server, "--foreground", "--address", addr, "--user", "root", "--secure", folder)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return addr
}

func TestGet(t *testing.T) {
	folder := t.TempDir()
	for name, data := range files {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// A packaged server needs a moment until it listens: the retries wait for it.
	patient := tftp.Options{Timeout: 200 * time.Millisecond, Retries: 50}
	test := func(t *testing.T, addr string) {
		for _, blockSize := range []int{512, 1428, 8192} {
			o := patient
			o.BlockSize = blockSize
			for name, want := range files {
				got, err := tftp.Get(t.Context(), addr, name, o)
				if err != nil {
					t.Error(err)
				} else if !bytes.Equal(got, want) {
					t.Errorf("%s in blocks of %d: %d bytes, want %d", name, blockSize, len(got), len(want))
				}
			}
		}
		if _, err := tftp.Get(t.Context(), addr, "missing", patient); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("missing file: %v, want fs.ErrNotExist", err)
		}
		small := patient
		small.MaxSize = 6112
		if _, err := tftp.Get(t.Context(), addr, "CTLFile.tlv", small); !errors.Is(err, tftp.ErrTooLarge) {
			t.Errorf("file one byte over the limit: %v, want ErrTooLarge", err)
		}
		small.MaxSize = 6113
		if _, err := tftp.Get(t.Context(), addr, "CTLFile.tlv", small); err != nil {
			t.Errorf("file as long as the limit: %v", err)
		}
	}
	t.Run("own", func(t *testing.T) { test(t, startServer(t, open)) })
	t.Run("tftpd-hpa", func(t *testing.T) { test(t, startPackaged(t, folder)) })
}

func TestServerErrors(t *testing.T) {
	addr := startServer(t, open)
	_, err := tftp.Get(t.Context(), addr, "secret", tftp.Options{})
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%v, want fs.ErrPermission", err)
	}
	_, err = tftp.Get(t.Context(), addr, "broken", tftp.Options{})
	var typed *tftp.ServerError
	if !errors.As(err, &typed) || strings.Contains(err.Error(), "fire") {
		t.Errorf("%v, want a *ServerError without the server's inner words", err)
	}
	if _, err := tftp.Get(t.Context(), addr, "../CTLFile.tlv", tftp.Options{}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("name that leaves the folder: %v, want fs.ErrPermission", err)
	}
	for _, bad := range []string{"", "a\x00octet", "a\nb", strings.Repeat("n", tftp.MaxName+1)} {
		if _, err := tftp.Get(t.Context(), addr, bad, tftp.Options{}); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

// The server answers other people's clients.
func TestServerWithOtherClients(t *testing.T) {
	addr := startServer(t, open)
	t.Run("curl", func(t *testing.T) {
		curl, err := exec.LookPath("curl")
		if err != nil {
			needPart(t, "curl is not installed")
		}
		for name, want := range files {
			for _, options := range [][]string{nil, {"--tftp-no-options"}, {"--tftp-blksize", "1024"}} {
				args := append([]string{"--silent", "--show-error", "tftp://" + addr + "/" + name}, options...)
				got, err := exec.CommandContext(t.Context(), curl, args...).Output()
				if err != nil {
					t.Errorf("%s %v: %v", name, options, err)
				} else if !bytes.Equal(got, want) {
					t.Errorf("%s %v: %d bytes, want %d", name, options, len(got), len(want))
				}
			}
		}
		var exit *exec.ExitError
		if err := exec.CommandContext(t.Context(), curl, "--silent", "tftp://"+addr+"/missing").Run(); !errors.As(err, &exit) || exit.ExitCode() != 68 {
			t.Errorf("missing file: %v, want curl's exit code 68, file not found", err)
		}
	})
	t.Run("with its length", func(t *testing.T) {
		client, err := pintftp.NewClient(addr)
		if err != nil {
			t.Fatal(err)
		}
		client.RequestTSize(true)
		transfer, err := client.Receive("CTLFile.tlv", "octet")
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := transfer.(pintftp.IncomingTransfer).Size(); !ok || n != 6113 {
			t.Errorf("tsize %d, %v", n, ok)
		}
		var got bytes.Buffer
		if _, err := transfer.WriteTo(&got); err != nil || !bytes.Equal(got.Bytes(), files["CTLFile.tlv"]) {
			t.Errorf("%d bytes, %v", got.Len(), err)
		}
	})
	t.Run("writing", func(t *testing.T) {
		client, err := pintftp.NewClient(addr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Send("new", "octet"); err == nil || !strings.Contains(err.Error(), "not written") {
			t.Errorf("write request: %v", err)
		}
	})
}

// scripted answers each packet with what the script makes of it; nil: silence.
func scripted(t *testing.T, script func(packet []byte) []byte) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		buf := make([]byte, 1<<16)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer := script(buf[:n]); answer != nil {
				c.WriteTo(answer, from)
			}
		}
	}()
	return c.LocalAddr().String()
}

func errorPacket(code uint16, message string) []byte {
	p := binary.BigEndian.AppendUint16([]byte{0, 5}, code)
	return append(append(p, message...), 0)
}

// What is asked for on the wire: nothing but the file with blocks of 512 bytes, as
// phones do; a longer block as an option. A host may be given by its name.
func TestRequestBytes(t *testing.T) {
	for size, want := range map[int]string{
		512: "\x00\x01x\x00octet\x00",
		0:   "\x00\x01x\x00octet\x00blksize\x001428\x00",
		600: "\x00\x01x\x00octet\x00blksize\x00600\x00",
	} {
		asked := make(chan string, 1)
		addr := scripted(t, func(p []byte) []byte {
			select {
			case asked <- string(p):
			default:
			}
			return errorPacket(1, "")
		})
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tftp.Get(t.Context(), "localhost:"+port, "x", tftp.Options{BlockSize: size}); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("block size %d: %v", size, err)
		}
		if got := <-asked; got != want {
			t.Errorf("block size %d asks %q, want %q", size, got, want)
		}
	}
}

// A server that ends the transfer because of options gets a request without.
func TestOptionsRefused(t *testing.T) {
	addr := scripted(t, func(p []byte) []byte {
		switch {
		case p[1] == 1 && bytes.Contains(p, []byte("blksize")):
			return errorPacket(8, "no options please")
		case p[1] == 1:
			return []byte{0, 3, 0, 1, 'o', 'k'}
		}
		return nil
	})
	got, err := tftp.Get(t.Context(), addr, "CTLFile.tlv", tftp.Options{})
	if err != nil || string(got) != "ok" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestEndlessFile(t *testing.T) {
	block := make([]byte, 4+512)
	addr := scripted(t, func(p []byte) []byte {
		switch p[1] {
		case 1:
			binary.BigEndian.PutUint32(block, 3<<16|1)
		case 4:
			binary.BigEndian.PutUint32(block, 3<<16|uint32(binary.BigEndian.Uint16(p[2:])+1))
		default:
			return nil
		}
		return block
	})
	if _, err := tftp.Get(t.Context(), addr, "endless", tftp.Options{MaxSize: 100_000}); !errors.Is(err, tftp.ErrTooLarge) {
		t.Errorf("%v, want ErrTooLarge", err)
	}
}

// What a server says is a stranger's text.
func TestServerWords(t *testing.T) {
	addr := scripted(t, func([]byte) []byte { return errorPacket(0, "bad\x1b[2J\nthing"+strings.Repeat("!", 300)) })
	_, err := tftp.Get(t.Context(), addr, "x", tftp.Options{})
	var typed *tftp.ServerError
	if !errors.As(err, &typed) || strings.ContainsAny(typed.Message, "\x1b\n") || len(typed.Message) > 200 {
		t.Errorf("%v", err)
	}
}

func TestNoAnswer(t *testing.T) {
	addr := scripted(t, func([]byte) []byte { return nil })
	_, err := tftp.Get(t.Context(), addr, "x", tftp.Options{Timeout: time.Millisecond, Retries: -1})
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() || !errors.Is(err, tftp.ErrUnreachable) {
		t.Errorf("%v, want a timeout", err)
	}
}

// A server that is slow within every answer's time, or sends one block over and over,
// does not hold a caller for ever.
func TestDribble(t *testing.T) {
	for name, next := range map[string]func(acknowledged uint16) uint16{
		"a block now and then": func(n uint16) uint16 { return n + 1 },
		"one block for ever":   func(uint16) uint16 { return 1 },
	} {
		t.Run(name, func(t *testing.T) {
			block := make([]byte, 4+512)
			addr := scripted(t, func(p []byte) []byte {
				<-time.After(20 * time.Millisecond)
				n := uint16(1)
				if p[1] == 4 {
					n = next(binary.BigEndian.Uint16(p[2:]))
				}
				binary.BigEndian.PutUint32(block, 3<<16|uint32(n))
				return block
			})
			_, err := tftp.Get(t.Context(), addr, "x", tftp.Options{Whole: 300 * time.Millisecond, BlockSize: 512})
			if !errors.Is(err, tftp.ErrUnreachable) || !strings.Contains(err.Error(), "not done within 300ms") {
				t.Errorf("%v, want ErrUnreachable", err)
			}
		})
	}
}

// A server that says nothing more than a number is put in words.
func TestWordsForNumbers(t *testing.T) {
	for code, want := range map[uint16]string{1: "file not found", 2: "access violation", 3: "disk full", 99: "error 99 and gave no reason"} {
		addr := scripted(t, func([]byte) []byte { return errorPacket(code, "") })
		_, err := tftp.Get(t.Context(), addr, "x", tftp.Options{})
		if err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, tftp.ErrUnreachable) {
			t.Errorf("code %d: %v, want %q in it", code, err, want)
		}
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	addr := scripted(t, func([]byte) []byte { cancel(); return nil })
	_, err := tftp.Get(ctx, addr, "x", tftp.Options{Timeout: time.Hour})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}

// Close cuts a transfer that is under way, and frees the port.
func TestServerClose(t *testing.T) {
	s := tftp.NewServer(open)
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(c) }()
	client, err := net.Dial("udp", c.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	peer, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	if _, err := peer.WriteTo([]byte("\x00\x01large\x00octet\x00"), c.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if n, _, err := peer.ReadFrom(make([]byte, 600)); err != nil || n != 516 {
		t.Fatalf("first block: %d bytes, %v", n, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// The transfer waits for an acknowledgement that never comes; Serve returns
	// after it.
	if err := <-served; !errors.Is(err, tftp.ErrServerClosed) {
		t.Errorf("Serve: %v", err)
	}
	again, err := net.ListenPacket("udp", c.LocalAddr().String())
	if err != nil {
		t.Fatalf("the port is still taken: %v", err)
	}
	again.Close()
	if err := s.Serve(again); !errors.Is(err, tftp.ErrServerClosed) {
		t.Errorf("Serve after Close: %v", err)
	}
}
