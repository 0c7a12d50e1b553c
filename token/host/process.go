package host

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/miekg/pkcs11"

	"ctlclient/internal/secret"
	"ctlclient/message"
)

// DefaultTimeout is how long a call may take that waits for no person.
const DefaultTimeout = 30 * time.Second

// closeTimeout is how long a module host has for its last words.
const closeTimeout = 2 * time.Second

// Spec says which module, and how.
type Spec struct {
	Path     string
	Reserved string   // what C_Initialize is given besides flags (p11-kit's x-init-reserved); NSS cannot do without
	Env      []string // NAME=VALUE beside the program's own environment
}

// Limits of the calls that follow.
type Limits struct {
	Timeout time.Duration // of a call that waits for no person; 0: DefaultTimeout
	Slow    time.Duration // when to call Waiting
	Waiting func(call string)
}

// Process is a running module host with its module loaded. Its methods are calls of
// PKCS#11; they are for one goroutine at a time, Kill for any.
type Process struct {
	spec    Spec
	cmd     *exec.Cmd
	in      *os.File // requests
	answers chan packet
	ended   chan struct{}
	printed *printed
	limits  Limits
	dead    error // of a process that is not talked to any more
	close   sync.Once
}

// Start starts a module host and loads the module there. said gets each line that the
// module prints, once; it is called on another goroutine.
func Start(spec Spec, limits Limits, said func(line string)) (*Process, error) {
	p, err := launch(spec, said)
	if err != nil {
		return nil, &StartError{spec.Path, err}
	}
	p.limits = limits
	a, err := p.call(opHello, &fields{})
	if err == nil && (a.num() != protocolVersion || a.bad) {
		err = &StartError{spec.Path, message.NewError("the program was replaced while it ran; start it again")}
	}
	if err == nil {
		_, err = p.call(opLoad, new(fields).text(spec.Path, spec.Reserved))
		if e := (*failedError)(nil); errors.As(err, &e) {
			err = &LoadError{spec.Path, e.text}
		}
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// launch starts the process with pipes for its standard streams.
func launch(spec Spec, said func(string)) (*Process, error) {
	exe, err := executable()
	if err != nil {
		return nil, err
	}
	var ours, theirs [3]*os.File
	for n := range ours {
		r, w, err := os.Pipe()
		if err != nil {
			closeAll(ours[:], theirs[:])
			return nil, err
		}
		ours[n], theirs[n] = r, w
	}
	ours[0], theirs[0] = theirs[0], ours[0] // the first runs the other way
	cmd := exec.Command(exe, Argument, spec.Path)
	cmd.Args[0] = programName
	cmd.Env = append(secret.Environ(), spec.Env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs[0], theirs[1], theirs[2]
	tie(cmd)
	err = start(cmd)
	closeAll(theirs[:])
	if err != nil {
		closeAll(ours[:])
		return nil, err
	}
	p := &Process{spec: spec, cmd: cmd, in: ours[0], answers: make(chan packet), ended: make(chan struct{}), printed: newPrinted(said)}
	go p.printed.read(ours[2])
	go p.receive(ours[1])
	go func() {
		defer close(p.ended)
		_ = cmd.Wait() // what it says is in cmd.ProcessState
	}()
	return p, nil
}

// programName is what the list of processes shows.
const programName = "ctlclient"

func closeAll(lists ...[]*os.File) {
	for _, l := range lists {
		for _, f := range l {
			if f != nil {
				_ = f.Close()
			}
		}
	}
}

// receive passes answers on until the stream ends or holds something else.
func (p *Process) receive(out *os.File) {
	defer close(p.answers)
	defer out.Close()
	for {
		m, _, err := readMessage(out)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				p.Kill()
			}
			return
		}
		select {
		case p.answers <- m:
		case <-p.ended:
			return
		}
	}
}

// SetLimits sets those of the calls that follow.
func (p *Process) SetLimits(l Limits) { p.limits = l }

// Dead is why no call can be made any more, nil while calls can be made.
func (p *Process) Dead() error {
	select {
	case <-p.ended:
		if p.dead == nil {
			p.dead = p.whyEnded(opCount)
		}
	default:
	}
	return p.dead
}

// Kill ends the process at once. A call under way fails.
func (p *Process) Kill() { _ = p.cmd.Process.Kill() }

// Close ends the process, within two seconds. It finalises nothing.
func (p *Process) Close() {
	p.close.Do(func() {
		_ = p.in.Close()
		t := time.AfterFunc(closeTimeout, p.Kill)
		defer t.Stop()
		<-p.ended
	})
}

// failedError is a failure that is no return value of the module.
type failedError struct{ text string }

func (e *failedError) Error() string { return e.text }

// call makes one call. The request is wiped when it is written.
func (p *Process) call(o op, f *fields) (*args, error) {
	if err := p.Dead(); err != nil {
		return nil, err
	}
	f.code = uint64(o)
	if err := writeMessage(p.in, f.packet); err != nil {
		return nil, p.fail(o)
	}
	timeout := p.limits.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	var late <-chan time.Time
	if !calls[o].patient {
		t := time.NewTimer(timeout)
		defer t.Stop()
		late = t.C
	}
	if p.limits.Waiting != nil && p.limits.Slow > 0 {
		waiting := p.limits.Waiting
		t := time.AfterFunc(p.limits.Slow, func() { waiting(o.String()) })
		defer t.Stop()
	}
	select {
	case m, ok := <-p.answers:
		if !ok {
			return nil, p.fail(o)
		}
		return result(m)
	case <-late:
		p.dead = &TimeoutError{p.spec.Path, o.String(), timeout}
		p.Kill()
		return nil, p.dead
	}
}

func result(m packet) (*args, error) {
	switch {
	case m.code == failed:
		a := args{packet: m}
		return nil, &failedError{printable(string(a.blob()))}
	case m.code != pkcs11.CKR_OK:
		return nil, pkcs11.Error(m.code)
	}
	return &args{packet: m}, nil
}

// fail says why the process cannot be talked to, and sees to it that it ends.
func (p *Process) fail(o op) error {
	t := time.AfterFunc(closeTimeout, p.Kill)
	defer t.Stop()
	<-p.ended
	p.dead = p.whyEnded(o)
	return p.dead
}

// whyEnded puts the end of the process into words.
func (p *Process) whyEnded(o op) error {
	e := &EndedError{Module: p.spec.Path, Reason: reasonOf(p.cmd.ProcessState), Said: p.printed.last()}
	if o < opCount {
		e.Call = o.String()
	}
	return e
}

// exited is the reason of a process that ended by itself.
func exited(code int) message.Message {
	return message.Phrase("ended its process (exit %d)", code)
}

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }
