//go:build linux

package token_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ctlclient/token"
)

// What is behind a module and does not answer is waited for as long as a call may take; other
// modules answer meanwhile, and the token is there when the former is started again.
func TestBackendHangs(t *testing.T) {
	for _, k := range backends {
		if k.stays {
			continue // TestOthersGoOn
		}
		t.Run(k.name, func(t *testing.T) {
			b := throughGate(t, k)
			b.freeze()
			ctx := token.WithSettings(t.Context(), token.Settings{Timeout: 2 * time.Second})
			infos, err := token.List(ctx, []string{b.module, b.other})
			if !slices.ContainsFunc(infos, func(i token.Info) bool { return i.Label == "OTHER" }) {
				t.Errorf("another module's tokens: %+v, %v", infos, err)
			}
			if e := wantKind(t, err, token.ModuleFailed); !strings.Contains(e.Error(), "did not answer within 2s") {
				t.Error(e)
			}
			b.kill()
			b.revive()
			b.signs()
		})
	}
}

// The module host ends with the program, in whatever step that is killed.
func TestEndsWithTheProgram(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b := throughGate(t, backends[0])
	for n, s := range steps {
		for _, point := range s.points {
			if point == typing || strings.Contains(point, " ") {
				continue
			}
			t.Run(s.name+" "+point, func(t *testing.T) {
				b.t = t
				entered, release, err := b.gate.Block(point)
				if err != nil {
					t.Fatal(err)
				}
				defer release()
				cmd := exec.Command(exe, "-test.run=^TestProgram$")
				cmd.Env = append(os.Environ(), programStep+"="+strconv.Itoa(n), "TOKEN_TEST_MODULE="+b.module, "TOKEN_TEST_URI="+b.uri)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				if err := entered(); err != nil {
					t.Fatal(err)
				}
				pid, err := b.gate.PID()
				if err != nil {
					t.Fatal(err)
				}
				ended := whenEnded(t, pid)
				if ended == nil {
					t.Fatal("the module host has ended before")
				}
				if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
				_ = cmd.Wait() // killed
				ended()
			})
		}
	}
	b.t = t
	b.signs()
}

// programStep is the number of the step that TestProgram does.
const programStep = "TOKEN_TEST_STEP"

// TestProgram is the program that is killed.
func TestProgram(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv(programStep))
	if err != nil {
		t.Skip("run by TestEndsWithTheProgram")
	}
	b := &behind{real: &real{module: os.Getenv("TOKEN_TEST_MODULE"), uri: os.Getenv("TOKEN_TEST_URI"), pin: "Cisco123"}, t: t, kind: backends[0]}
	err = steps[n].run(b, t.Context(), &asker{pin: b.pin}, func() {})
	t.Log(fmt.Sprint("the step came to its end: ", err))
}
