//go:build linux

package token_test

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ctlclient/token"
)

// vpcdPort is where vpcd waits for a card (0x8C7B, /etc/reader.conf.d/vpcd).
const vpcdPort = "35963"

// realOpenSC is a card in the reader that vpcd emulates, behind pcscd.
func realOpenSC(t *testing.T) *real {
	module := library(t, "opensc-pkcs11", "/usr/lib/*/opensc-pkcs11.so")
	library(t, "vsmartcard-vpcd", "/usr/lib/pcsc/drivers/serial/libifdvpcd.so*")
	pcscd, certutil := tool(t, "pcscd", "pcscd"), tool(t, "libnss3-tools", "certutil")
	flags, err := exec.Command(tool(t, "pkg-config", "pkg-config"), "--cflags", "--libs", "libcacard").Output()
	if err != nil {
		needPart(t, fmt.Errorf("no libcacard here (apt install libcacard-dev): %w", err))
	}
	if os.Getuid() != 0 {
		needPart(t, errors.New("pcscd runs as root only"))
	}
	dir := t.TempDir()
	card, db, pin, noise := filepath.Join(dir, "card"), filepath.Join(dir, "db"), filepath.Join(dir, "pin"), filepath.Join(dir, "noise")
	r := &real{module: module, pin: "Cisco123", uri: "pkcs11:token=SAST-1"}
	random := make([]byte, 64)
	_, _ = rand.Read(random) // never fails
	if err := errors.Join(os.Mkdir(db, 0o700), os.WriteFile(pin, []byte(r.pin), 0o600), os.WriteFile(noise, random, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		append([]string{"gcc", "-O1", "-o", card, "testdata/card.c"}, strings.Fields(string(flags))...),
		{certutil, "-N", "-d", "sql:" + db, "-f", pin},
		{certutil, "-S", "-d", "sql:" + db, "-x", "-n", "SAST-1", "-s", `CN=SAST-1,OU=IPCBU,O="Cisco Systems, Inc."`,
			"-t", "u,u,u", "-k", "rsa", "-g", "2048", "-v", "120", "-z", noise, "-f", pin},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	// In a file system of its own below /run/pcscd: other tests, and this machine's own pcscd, do
	// not see the card.
	if err := os.MkdirAll("/run/pcscd", 0o755); err != nil {
		t.Fatal(err)
	}
	service := newWire(t, pair{network: "unix", from: filepath.Join(dir, "pcscd.comm")})
	serve := func() {
		server := exec.Command("sh", "-c", "mount -t tmpfs none /run/pcscd && exec "+pcscd+" --foreground")
		server.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
		kill, over := daemon(t, server)
		socket := fmt.Sprintf("/proc/%d/root/run/pcscd/pcscd.comm", server.Process.Pid)
		for _, err := os.Stat(socket); err != nil; _, err = os.Stat(socket) {
			select {
			case <-over:
				t.Skip("pcscd ended: no file system can be mounted here, or the reader's port is taken")
			default:
			}
		}
		service.pairs[0].to = socket
		service.up()
		r.pcscd.kill = func() { service.down(); kill() }
		r.pcscd.freeze = func() { freeze(t, server) }
	}
	serve()
	r.module = token.ModuleWith(module, "PCSCLITE_CSOCK_NAME="+service.pairs[0].from)
	r.wire = newWire(t, pair{"tcp", "127.0.0.1:0", "127.0.0.1:" + vpcdPort})
	r.wire.up()
	port := r.wire.listeners[0].Addr().(*net.TCPAddr).Port
	plug := func() {
		cmd := exec.Command(card, strconv.Itoa(port), `db="sql:`+db+`" use_hw=no soft=(,SAST-1,CAC,,SAST-1)`)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		r.kill, _ = daemon(t, cmd)
		r.freeze = func() { freeze(t, cmd) }
		waitLine(t, bufio.NewReader(out), "plugged in")
		// Until pcscd has seen it.
		for begun := time.Now(); time.Since(begun) < time.Minute; {
			if infos, err := token.List(t.Context(), []string{r.module}); err == nil && len(infos) > 0 {
				return
			}
		}
		t.Skip("the card is not seen: another pcscd has the virtual reader's port")
	}
	plug()
	r.revive = plug
	r.pcscd.revive = func() { serve(); plug() }
	return r
}

// realReader is realOpenSC with the service of the readers to be killed instead of the card.
func realReader(t *testing.T) *real {
	r := realOpenSC(t)
	r.kill, r.freeze = r.pcscd.kill, r.pcscd.freeze
	r.revive = func() {
		r.pcscd.revive()
		r.kill, r.freeze = r.pcscd.kill, r.pcscd.freeze
	}
	return r
}
