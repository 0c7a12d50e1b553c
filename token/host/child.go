package host

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/miekg/pkcs11"

	"ctlclient/message"
)

// Argument is the hidden first argument with which the program is a module host. The
// second, the module's path, is there for people who look at the list of processes.
const Argument = "module-host"

func init() {
	librariesOfSystem()
	calls = callTable()
	if len(os.Args) > 1 && os.Args[1] == Argument {
		os.Exit(runChild())
	}
}

// child is the module host: the one module and what it was told to do with it.
type child struct {
	mod     module
	path    string
	wrapped *wrapped
	output  *output
}

// runChild serves until the program closes its end, and returns the exit code.
func runChild() int {
	// Not every module can be called from several threads; this one stays.
	runtime.LockOSThread()
	crashPlainly()
	if err := protect(); err != nil {
		fmt.Fprintf(os.Stderr, "this process cannot be kept out of core dumps: %v\n", err)
	}
	in, out, printed, err := takeStreams()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s is started by the program itself: %v\n", Argument, err)
		return 2
	}
	c := &child{output: printed}
	// Read on another goroutine: the end of the stream must end the process even when
	// the module hangs.
	type request struct {
		m     packet
		frame []byte
	}
	requests := make(chan request)
	go func() {
		for {
			m, frame, err := readMessage(in)
			if err != nil {
				os.Exit(endOf(err))
			}
			requests <- request{m, frame}
		}
	}()
	for r := range requests {
		answer := c.answer(r.m)
		clear(r.frame)
		if err := writeMessage(out, answer); err != nil {
			return 1
		}
	}
	return 0
}

// endOf is the exit code for what ended the requests.
func endOf(err error) int {
	if errors.Is(err, io.EOF) {
		return 0
	}
	fmt.Fprintf(os.Stderr, "%s: reading a request: %v\n", Argument, err)
	return 1
}

// answer makes one call.
func (c *child) answer(m packet) packet {
	o := op(m.code)
	if m.code >= uint64(opCount) {
		return failure(message.Errorf("call %d is not known", m.code))
	}
	if c.mod == nil && o > opLoad {
		return failure(message.Errorf("%s before a module was loaded", o))
	}
	if calls[o].secret {
		defer c.output.mute()()
	}
	r, err := calls[o].do(c, &args{packet: m})
	var rv pkcs11.Error
	switch {
	case err == nil:
		return r
	case errors.As(err, &rv):
		return packet{code: uint64(rv)}
	}
	return failure(err)
}

func failure(err error) packet {
	return packet{code: failed, blobs: [][]byte{[]byte(err.Error())}}
}

var errFields = message.NewError("the request has too few fields")

// done checks that the fields were all there, before the call is made.
func (a *args) done() error {
	if a.bad {
		return errFields
	}
	return nil
}

// with answers with what f adds, unless the call failed.
func with(err error, f func(*fields)) (packet, error) {
	if err != nil {
		return packet{}, err
	}
	var m fields
	if f != nil {
		f(&m)
	}
	return m.packet, nil
}

func (c *child) hello(a *args) (packet, error) {
	return with(a.done(), func(f *fields) { f.num(protocolVersion) })
}

func (c *child) load(a *args) (packet, error) {
	path, reserved := string(a.blob()), string(a.blob())
	if err := a.done(); err != nil {
		return packet{}, err
	}
	if c.mod != nil {
		return packet{}, message.NewError("a module is loaded already")
	}
	mod, err := open(path, reserved)
	if err != nil {
		return packet{}, err
	}
	c.mod, c.path = mod, path
	return packet{}, nil
}
