package provider

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// The reference program's own vector: "password" with the salt "somesalt", two
// passes over 64 MiB.
const referenceHash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

func TestReferenceHash(t *testing.T) {
	h, err := parseHash(referenceHash)
	if err != nil {
		t.Fatal(err)
	}
	if !h.matches([]byte("password")) {
		t.Error("the reference program's hash is not matched")
	}
	if h.matches([]byte("Password")) {
		t.Error("another password is")
	}
}

func TestUsers(t *testing.T) {
	ctx := t.Context()
	file := filepath.Join(t.TempDir(), "users")
	for _, u := range []struct {
		name, password string
		replaced       bool
	}{{"anna", "first password", false}, {"Jörg B", "second password", false}, {"anna", "third password", true}} {
		replaced, err := AddUser(ctx, file, u.name, []byte(u.password))
		if err != nil || replaced != u.replaced {
			t.Fatalf("%s: replaced %v, %v", u.name, replaced, err)
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the file has mode %v, %v", info.Mode(), err)
	}
	data, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(data), "password") {
		t.Errorf("%s, %v", data, err)
	}
	u, err := LoadUsers(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := u.Names(), []string{"anna", "Jörg B"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for _, c := range []struct {
		name, password string
		want           bool
	}{
		{"anna", "third password", true},
		{"anna", "first password", false},
		{"anna", "", false},
		{"Jörg B", "second password", true},
		{"Jörg B", "third password", false},
		{"nobody", "third password", false},
		{"nobody", "", false},
	} {
		if ok, err := u.Check(ctx, c.name, []byte(c.password)); ok != c.want || err != nil {
			t.Errorf("%s, %q: %v, %v", c.name, c.password, ok, err)
		}
	}
	// The folder may be root's, the mode what an administrator chose.
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := RemoveUser(ctx, file, "anna"); err != nil {
		t.Fatal(err)
	}
	if err := RemoveUser(ctx, file, "anna"); !errors.Is(err, ErrNoUser) {
		t.Errorf("removed twice: %v", err)
	}
	if info, _ := os.Stat(file); info.Mode() != 0o640 {
		t.Errorf("the mode became %v", info.Mode())
	}
	u, err = LoadUsers(file)
	if err != nil || u.Has("anna") || !u.Has("Jörg B") {
		t.Errorf("%v, %v", u, err)
	}
}

// The decoy that an unknown name is held against costs what the dearest user
// costs.
func TestDecoyCost(t *testing.T) {
	cheap := hash{memory: 1024, passes: 1, lanes: 1, salt: make([]byte, 16), sum: make([]byte, 32)}
	dear := cheap
	dear.passes = 4
	for text, want := range map[string]hash{
		"":                           {memory: hashMemory, passes: hashPasses, lanes: hashLanes},
		"a:" + cheap.String() + "\n": cheap,
		"a:" + cheap.String() + "\nb:" + dear.String() + "\n": dear,
		"a:" + dear.String() + "\n\n# x\nb:" + cheap.String(): dear,
	} {
		u, err := ParseUsers(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if d := u.decoy; d.memory != want.memory || d.passes != want.passes || d.lanes != want.lanes {
			t.Errorf("%q: m=%d,t=%d,p=%d", text, d.memory, d.passes, d.lanes)
		}
	}
}

func TestUserNamesAndPasswords(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users")
	for _, name := range []string{"", "a:b", "a\nb", " a", "a ", "#a", "a\x00", "\xff", "a\u202eb", strings.Repeat("x", 65)} {
		if _, err := AddUser(t.Context(), file, name, []byte("long enough")); !errors.Is(err, ErrUserName) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := AddUser(t.Context(), file, "anna", []byte("1234567")); !errors.Is(err, ErrWeakPassword) {
		t.Error("7 characters:", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a file was made:", err)
	}
}

func TestUsersFileRefused(t *testing.T) {
	good := hash{memory: 1024, passes: 1, lanes: 1, salt: make([]byte, 16), sum: make([]byte, 32)}.String()
	for name, text := range map[string]string{
		"no hash":         "anna",
		"plain password":  "anna:secret",
		"another method":  "anna:$2y$10$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"argon2i":         "anna:" + strings.Replace(good, "argon2id", "argon2i", 1),
		"4 GiB":           "anna:" + strings.Replace(good, "m=1024", "m=4194304", 1),
		"a million times": "anna:" + strings.Replace(good, "t=1,", "t=1000000,", 1),
		"no lanes":        "anna:" + strings.Replace(good, "p=1", "p=0", 1),
		"300 lanes":       "anna:" + strings.Replace(good, "p=1", "p=300", 1),
		"no salt":         "anna:" + strings.Replace(good, "$AAAAAAAAAAAAAAAAAAAAAA$", "$$", 1),
		"padded base64":   "anna:" + good + "=",
		"twice":           "anna:" + good + "\nanna:" + good,
		"too long":        "anna:" + good + "\n" + strings.Repeat("#", maxUsersFile),
	} {
		if u, err := ParseUsers(strings.NewReader(text)); err == nil {
			t.Errorf("%s: read as %v", name, u.Names())
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error repeats the line: %v", name, err)
		}
	}
}

// What is read as a users file is written in a form that is read as the same.
func FuzzUsers(f *testing.F) {
	good := hash{memory: 1024, passes: 1, lanes: 1, salt: make([]byte, 16), sum: make([]byte, 32)}.String()
	f.Add("# comment\nanna:" + good + "\n\nb c:" + referenceHash)
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseUsers(strings.NewReader(text))
		if err != nil {
			return
		}
		var out strings.Builder
		if _, err := u.WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		again, err := ParseUsers(strings.NewReader(out.String()))
		if err != nil || !reflect.DeepEqual(again.byName, u.byName) || !reflect.DeepEqual(again.names, u.names) {
			t.Errorf("%q is read again as %v, %v", text, again, err)
		}
	})
}
