// Command ctlclient reads, edits, signs and distributes the Certificate Trust List
// of a Cisco phone cluster, and says beforehand what each phone will make of it.
//
// Results go to standard output, everything else to standard error. Exit codes are
// decided in one place, exit.go, from the types of the errors that the rooms below
// return; no code below main ends the process.
//
// Certificates of old nodes may have negative serial numbers; they are pinned by their
// bytes, so nothing rests on the number.
//
//go:debug x509negativeserial=1
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/spf13/cobra"

	"ctlclient/message"
	"ctlclient/workflow"
)

func main() {
	os.Exit(start(os.Stdout, os.Stderr))
}

// start protects the process, then runs the program.
func start(stdout, stderr io.Writer) int {
	if err := protect(); err != nil {
		newApp(os.Stdin, stdout, stderr).tellf("! this process cannot be kept out of core dumps: %v\n", err)
	}
	return run(os.Args[1:], os.Stdin, stdout, stderr)
}

// run is the program. An interrupt cancels the context: every wait ends, what was
// begun is cleaned up, and the exit code is 130. A second one ends the process. A terminal
// that goes away and a reader that has had enough of what is printed are interrupts too.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	// Cobra would keep a person who double-clicks the program from it, for it thinks that they
	// want a command line.
	cobra.MousetrapHelpText = ""
	a := newApp(stdin, stdout, stderr)
	ctx, stop := untilInterrupted(context.Background(), a.hangupIsTheirs.Load)
	defer stop()
	root := rootFor(a, args)
	a.readLanguage(args) // the flags, when they were defined, were emptied
	a.wordHelp(root)
	fitHelp(root, runtime.GOOS)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	var err error
	if hasDesktop && !isSeen(stdout) && !isSeen(stderr) && wantsTerminal(root, args) {
		err = noTerminal(args, runtime.GOOS)
	} else {
		err = root.ExecuteContext(ctx)
	}
	a.ui.flush()
	if err == nil {
		return 0
	}
	code := exitCode(ctx, err)
	if hadEnough(stdout, err, code) {
		return exitInterrupted
	}
	a.report(err, code)
	if !isSeen(stderr) {
		showMessage("ctlclient", a.messageOf(err, runtime.GOOS))
	}
	return code
}

// hadEnough tells an error that says nothing but that the reader of the output, such as head,
// has gone: it has what it wanted, and nobody is told.
func hadEnough(stdout io.Writer, err error, code int) bool {
	f, ok := stdout.(*os.File)
	return ok && (errors.Is(err, syscall.EPIPE) || code == exitInterrupted && !is[*workflow.Error](err)) && readerGone(f.Fd())
}

// errHangup is the cause of an interrupt by a terminal that goes away.
var errHangup = message.NewError("the terminal went away")

// untilInterrupted is a context that ends with the first interrupt. The second one ends the
// process. A write to a connection that a node has closed raises SIGPIPE as one to standard
// output does: only where nobody reads that any more is it an interrupt. A hangup is none
// while hangupIsTheirs says that the command listens for it itself.
func untilInterrupted(parent context.Context, hangupIsTheirs func() bool) (context.Context, context.CancelFunc) {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		ends = append(ends, syscall.SIGHUP)
	}
	caught := make(chan os.Signal, 8)
	signal.Notify(caught, ends...)
	ctx, cancel := context.WithCancelCause(parent)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case s := <-caught:
				if s == syscall.SIGPIPE && !readerGone(1, 2) || s == syscall.SIGHUP && hangupIsTheirs() {
					continue
				}
				cause := context.Canceled
				if s == syscall.SIGHUP {
					cause = errHangup
				}
				// SIGPIPE stays caught: what is printed after the reader has gone is an error, not
				// the end of the process in the middle of cleaning up.
				signal.Reset(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
				cancel(cause)
				return
			}
		}
	}()
	return ctx, func() {
		cancel(context.Canceled)
		signal.Stop(caught)
	}
}
