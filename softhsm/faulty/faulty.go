//go:build unix

package faulty

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"ctlclient/message"
	"ctlclient/softhsm"
)

//go:embed module/faultyp11.c
var source []byte

// ErrNoCompiler says that there is no C compiler; its Hint names the package.
var ErrNoCompiler error = noCompiler{}

type noCompiler struct{}

func (noCompiler) Error() string { return "no C compiler to build the faulty module with" }

// Hints names the package.
func (noCompiler) Hints() []message.Message {
	return []message.Message{message.Plain("install one (Debian, Ubuntu: apt install gcc libc6-dev)")}
}

// Control says how one built module behaves. Its changes act on the next call.
type Control struct {
	Dir    string
	Module string // path of the built module
}

// Build compiles the module into a folder of its own; the SoftHSM2 store in use at
// C_Initialize is the one it shows. Each folder has a module and faults of its own,
// but SoftHSM2 behind them is one for the process.
func Build(dir string) (*Control, error) {
	real, err := softhsm.ModulePath()
	if err != nil {
		return nil, err
	}
	return build(dir, real, fileName)
}

// Over is Build over another module, whose file name the built one has.
func Over(dir, module string) (*Control, error) { return build(dir, module, filepath.Base(module)) }

const fileName = "faultyp11.so"

func build(dir, real, name string) (*Control, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	c := &Control{Dir: dir, Module: filepath.Join(dir, name)}
	module, err := compiled()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "real"), []byte(real+"\n"), 0o600); err != nil {
		return nil, err
	}
	return c, os.WriteFile(c.Module, module, 0o700)
}

// compiled is the module, built once for the process.
var compiled = sync.OnceValues(func() ([]byte, error) {
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "gcc"
	}
	if _, err := exec.LookPath(cc); err != nil {
		return nil, ErrNoCompiler
	}
	dir, err := os.MkdirTemp("", "faulty")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	src, module := filepath.Join(dir, "faultyp11.c"), filepath.Join(dir, "faultyp11.so")
	if err := os.WriteFile(src, source, 0o600); err != nil {
		return nil, err
	}
	out, err := exec.Command(cc, "-shared", "-fPIC", "-O1", "-o", module, src, "-ldl").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("building the faulty module: %w\n%s", err, out)
	}
	return os.ReadFile(module)
})

// Open controls a module built before, perhaps by another process.
func Open(dir string) *Control {
	return &Control{Dir: dir, Module: filepath.Join(dir, fileName)}
}

// Absent takes the token with the label out of its slot; "*" takes all.
func (c *Control) Absent(label string) error { return c.add("absent " + label) }

// Pull takes the token out in the middle of the next call of a function, such as
// "C_Sign". It stays out until Clear.
func (c *Control) Pull(function, label string) error { return c.add("pull " + function + " " + label) }

// Fail makes a function return rv (CKR_...) without doing anything.
func (c *Control) Fail(function string, rv uint) error {
	return c.add(fmt.Sprintf("fail %s 0x%x", function, rv))
}

// Loading is the name of the moment in which the module is loaded, for Crash, Exit,
// Print and Block.
const Loading = "loading"

// Crash makes a function write to address 0.
func (c *Control) Crash(function string) error { return c.add("crash " + function) }

// Exit makes a function call exit.
func (c *Control) Exit(function string, code int) error {
	return c.add(fmt.Sprintf("exit %s %d", function, code))
}

// Print makes a function print a line to standard output and to standard error.
func (c *Control) Print(function, line string) error { return c.add("print " + function + " " + line) }

// add appends a fault and swaps the file in whole: it may be read at any moment.
func (c *Control) add(line string) error {
	b, err := os.ReadFile(c.file("faults"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return c.replace("faults", string(b)+line+"\n")
}

func (c *Control) replace(name, text string) error {
	tmp := c.file(name + ".new")
	if err := os.WriteFile(tmp, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, c.file(name))
}

func (c *Control) file(name string) string { return filepath.Join(c.Dir, name) }

// Clear ends all faults: absent tokens are back. Counted tries stay as they are.
func (c *Control) Clear() error { return c.replace("faults", "") }

// Odd gives the module the ways of others; the C source lists them. No oddity: as
// SoftHSM2 is.
func (c *Control) Odd(ways ...string) error {
	return c.replace("odd", strings.Join(ways, "\n")+"\n")
}

// Tries makes the token with the label count wrong PINs: of max tries so many are
// left. With fewer than max it says that the count is low, with one that it is the
// final try, with none that it is locked. A right PIN sets it back to max.
func (c *Control) Tries(label string, max, left int) error {
	return errors.Join(c.replace("tries."+label, fmt.Sprintf("%d %d\n", max, left)), c.replace("counted", ""))
}

// TriesLeft reads the count.
func (c *Control) TriesLeft(label string) (int, error) {
	b, err := os.ReadFile(c.file("tries." + label))
	if err != nil {
		return 0, err
	}
	_, left, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
	return strconv.Atoi(left)
}

// Keypad gives the tokens a keypad on which this PIN is entered.
func (c *Control) Keypad(pin string) error { return c.replace("keypad", pin+"\n") }

// Block makes a function wait. entered waits until the function has been called;
// release lets it and later calls go on, and may be called more than once.
func (c *Control) Block(function string) (entered func() error, release func(), err error) {
	path := c.file("block." + function)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return nil, nil, fmt.Errorf("making %s: %w", path, err)
	}
	entered = func() error {
		f, err := os.OpenFile(path, os.O_RDONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = f.Read(make([]byte, 1))
		return err
	}
	return entered, func() { _ = os.Remove(path) }, nil
}

// PID is the process that has loaded the module last.
func (c *Control) PID() (int, error) {
	b, err := os.ReadFile(c.file("pid"))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(b)))
}

// Calls counts the calls of C_Initialize or C_Finalize so far.
func (c *Control) Calls(function string) (int, error) {
	b, err := os.ReadFile(c.file("calls"))
	return strings.Count(string(b), function+"\n"), err
}

// Login is one attempt at a PIN that reached the token.
type Login struct {
	Function string // C_Login or C_SetPIN
	User     uint   // CKU_...: 0 security officer, 1 user, 2 context-specific
	RV       uint   // CKR_...
	NullPIN  bool   // the token was to ask by itself
}

// Logins lists the attempts so far.
func (c *Control) Logins() ([]Login, error) {
	b, err := os.ReadFile(c.file("logins"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Login
	for line := range strings.Lines(string(b)) {
		var l Login
		var null string
		if n, _ := fmt.Sscanf(line, "%s %d %v %s", &l.Function, &l.User, &l.RV, &null); n < 3 {
			return nil, fmt.Errorf("line %q in %s", line, c.file("logins"))
		}
		l.NullPIN = null == "null"
		all = append(all, l)
	}
	return all, nil
}

// ForgetLogins empties the list.
func (c *Control) ForgetLogins() error { return c.replace("logins", "") }
