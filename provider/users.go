package provider

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gofrs/flock"
	"golang.org/x/crypto/argon2"

	"ctlclient/internal/atomicfile"
	"ctlclient/message"
)

// What a new hash costs: RFC 9106's second choice, for memory-constrained
// machines: 64 MiB, 3 passes, 4 lanes.
const (
	hashMemory  = 64 << 10 // KiB
	hashPasses  = 3
	hashLanes   = 4
	saltLength  = 16
	hashLength  = 32
	hashPrefix  = "$argon2id$v=19$"
	hashesAside = 2 // passwords looked at side by side
)

// Limits of a users file, whoever wrote it: one login costs at most 256 MiB.
const (
	maxHashMemory = 256 << 10
	maxHashPasses = 16
	maxUsers      = 1000
	maxUsersFile  = 1 << 20
	maxUserName   = 64
)

// MinPassword is how many characters a new password has at least.
const MinPassword = 8

var (
	// ErrUserName is a name that the users file cannot hold.
	ErrUserName = message.NewError("a user name has 1 to 64 printable characters, no colon, no blanks at its ends, no # before it")
	// ErrWeakPassword is a new password of less than MinPassword characters.
	ErrWeakPassword = message.Errorf("a password has at least %d characters", MinPassword)
	// ErrNoUser is a user that the file does not have.
	ErrNoUser = message.NewError("no such user")
)

// hash is one argon2id hash, in the PHC string format:
// $argon2id$v=19$m=65536,t=3,p=4$<salt>$<hash>, base64 without padding.
type hash struct {
	memory, passes uint32
	lanes          uint8
	salt, sum      []byte
}

func newHash(password []byte) hash {
	h := hash{memory: hashMemory, passes: hashPasses, lanes: hashLanes, salt: make([]byte, saltLength)}
	rand.Read(h.salt)
	h.sum = h.of(password, hashLength)
	return h
}

func (h hash) of(password []byte, n int) []byte {
	return argon2.IDKey(password, h.salt, h.passes, h.memory, h.lanes, uint32(n))
}

func (h hash) matches(password []byte) bool {
	return subtle.ConstantTimeCompare(h.of(password, len(h.sum)), h.sum) == 1
}

func (h hash) String() string {
	enc := base64.RawStdEncoding
	return fmt.Sprintf("%sm=%d,t=%d,p=%d$%s$%s", hashPrefix, h.memory, h.passes, h.lanes,
		enc.EncodeToString(h.salt), enc.EncodeToString(h.sum))
}

var errHash = message.NewError("not an argon2id hash ($argon2id$v=19$m=..,t=..,p=..$salt$hash) of bounded cost")

func parseHash(s string) (hash, error) {
	rest, ok := strings.CutPrefix(s, hashPrefix)
	parts := strings.Split(rest, "$")
	if !ok || len(parts) != 3 {
		return hash{}, errHash
	}
	var h hash
	if _, err := fmt.Sscanf(parts[0], "m=%d,t=%d,p=%d", &h.memory, &h.passes, &h.lanes); err != nil {
		return hash{}, errHash
	}
	var err1, err2 error
	enc := base64.RawStdEncoding.Strict()
	h.salt, err1 = enc.DecodeString(parts[1])
	h.sum, err2 = enc.DecodeString(parts[2])
	switch {
	case err1 != nil, err2 != nil,
		h.lanes == 0, h.memory < 8*uint32(h.lanes), h.memory > maxHashMemory,
		h.passes == 0, h.passes > maxHashPasses,
		len(h.salt) < 8, len(h.salt) > 64, len(h.sum) < 16, len(h.sum) > 64,
		h.String() != s: // one way to write it
		return hash{}, errHash
	}
	return h, nil
}

// Users are those who may log in: a file of lines name:hash, and of comments
// after #. It holds no password.
type Users struct {
	byName map[string]hash
	names  []string // in the file's order
	decoy  hash     // looked at for a name that there is not
}

// ParseUsers reads a users file.
func ParseUsers(r io.Reader) (*Users, error) {
	u := &Users{byName: make(map[string]hash)}
	u.decoy = hash{memory: hashMemory, passes: hashPasses, lanes: hashLanes,
		salt: make([]byte, saltLength), sum: make([]byte, hashLength)}
	data, err := io.ReadAll(io.LimitReader(r, maxUsersFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxUsersFile {
		return nil, message.Errorf("more than %d bytes", maxUsersFile)
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, maxUsersFile+1)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, text, ok := strings.Cut(line, ":")
		if !ok || CheckUserName(name) != nil {
			return nil, message.Errorf("line %d: not of the form name:hash", n)
		}
		if _, twice := u.byName[name]; twice {
			return nil, message.Errorf("line %d: %s stands here twice", n, name)
		}
		h, err := parseHash(text)
		if err != nil {
			return nil, message.Errorf("line %d: %w", n, err)
		}
		if len(u.names) == maxUsers {
			return nil, message.Errorf("more than %d users", maxUsers)
		}
		u.byName[name] = h
		u.names = append(u.names, name)
		// The decoy costs what the dearest user costs.
		if uint64(h.memory)*uint64(h.passes) >= uint64(u.decoy.memory)*uint64(u.decoy.passes) || len(u.names) == 1 {
			u.decoy.memory, u.decoy.passes, u.decoy.lanes = h.memory, h.passes, h.lanes
		}
	}
	return u, lines.Err()
}

// LoadUsers reads a users file; a missing one is fs.ErrNotExist.
func LoadUsers(file string) (*Users, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	u, err := ParseUsers(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return u, nil
}

// Names are the users in the file's order.
func (u *Users) Names() []string { return slices.Clone(u.names) }

// Has reports that a user exists.
func (u *Users) Has(name string) bool {
	_, ok := u.byName[name]
	return ok
}

// Check looks at a password. An unknown name costs what a wrong password costs.
// At most two passwords are looked at side by side, the others wait; one that was found
// right within the last ten minutes is recognised at once. The error is ctx's.
func (u *Users) Check(ctx context.Context, name string, password []byte) (bool, error) {
	h, known := u.byName[name]
	if !known {
		h = u.decoy
	}
	text := h.String()
	if proven.holds(text, password) && known {
		return true, nil
	}
	select {
	case hashing <- struct{}{}:
		defer func() { <-hashing }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	// Another client may have proved it meanwhile.
	if proven.holds(text, password) && known {
		return true, nil
	}
	if !h.matches(password) || !known {
		return false, nil
	}
	proven.add(text, password)
	return true, nil
}

// WriteTo writes the file.
func (u *Users) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	b.WriteString("# name:argon2id hash; written by the program, reread on SIGHUP\n")
	for _, name := range u.names {
		fmt.Fprintf(&b, "%s:%s\n", name, u.byName[name])
	}
	return b.WriteTo(w)
}

// CheckUserName says, as ErrUserName, that a users file cannot hold a name.
func CheckUserName(name string) error {
	if name == "" || len(name) > maxUserName || !utf8.ValidString(name) || strings.HasPrefix(name, "#") ||
		strings.TrimSpace(name) != name || strings.Contains(name, ":") ||
		strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ErrUserName
	}
	return nil
}

// AddUser adds a user to a file, which is made where it is missing, or gives one
// a new password; replaced says which. The password stays the caller's, to wipe.
func AddUser(ctx context.Context, file, name string, password []byte) (replaced bool, err error) {
	if err := CheckUserName(name); err != nil {
		return false, err
	}
	if utf8.RuneCount(password) < MinPassword {
		return false, ErrWeakPassword
	}
	h := newHash(password)
	return replaced, edit(ctx, file, func(u *Users) error {
		if replaced = u.Has(name); !replaced {
			u.names = append(u.names, name)
		}
		u.byName[name] = h
		return nil
	})
}

// RemoveUser takes a user out of a file; ErrNoUser where there is none.
func RemoveUser(ctx context.Context, file, name string) error {
	return edit(ctx, file, func(u *Users) error {
		if !u.Has(name) {
			return fmt.Errorf("%s: %w", name, ErrNoUser)
		}
		delete(u.byName, name)
		u.names = slices.DeleteFunc(u.names, func(n string) bool { return n == name })
		return nil
	})
}

// lockRetry is how often a users file that another program edits is tried again.
const lockRetry = 100 * time.Millisecond

// edit changes a users file by rename, 0600 or as it was; two programs do so one
// after the other.
func edit(ctx context.Context, file string, change func(*Users) error) (err error) {
	lock := flock.New(file+".lock", flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, lockRetry); err != nil {
		return message.Errorf("lock %s: %w", file, err)
	}
	defer func() { err = cmp.Or(err, lock.Unlock()) }()

	u, err := LoadUsers(file)
	if errors.Is(err, fs.ErrNotExist) {
		u, err = ParseUsers(strings.NewReader(""))
	}
	if err != nil {
		return err
	}
	if err := change(u); err != nil {
		return err
	}
	var b bytes.Buffer
	if _, err := u.WriteTo(&b); err != nil {
		return err
	}
	return replaceFile(file, b.Bytes())
}

// replaceFile puts data in a file's place by rename. It keeps the former file's
// mode and, where permitted, owner; a new file is 0600 and its folder's owner's.
func replaceFile(file string, data []byte) error {
	return atomicfile.Replace(file, data, func(f *os.File) error { return likeFormer(f, file) })
}
