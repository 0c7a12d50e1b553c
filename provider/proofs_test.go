package provider

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// usersOf is a users file with one cheap hash for each name.
func usersOf(t *testing.T, password string, names ...string) *Users {
	t.Helper()
	var text strings.Builder
	for i, name := range names {
		h := hash{memory: 1024, passes: 1, lanes: 1, salt: fmt.Appendf(nil, "salt-%-11d", i)}
		h.sum = h.of([]byte(password), hashLength)
		fmt.Fprintf(&text, "%s:%s\n", name, h)
	}
	u, err := ParseUsers(strings.NewReader(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// occupy takes all places for hashes, so that only what needs none is answered.
func occupy(t *testing.T) {
	t.Helper()
	for range hashesAside {
		hashing <- struct{}{}
	}
	t.Cleanup(func() {
		for range hashesAside {
			<-hashing
		}
	})
}

// A password that was found right is recognised without its hash, also by the users of
// the next reload; another password, another user and a new password are not.
func TestProvenPassword(t *testing.T) {
	u := usersOf(t, "right password", "anna", "bert")
	if ok, err := u.Check(t.Context(), "anna", []byte("right password")); !ok || err != nil {
		t.Fatal(ok, err)
	}
	occupy(t)
	now := func(u *Users, name, password string) error {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // whoever would have to wait does not
		ok, err := u.Check(ctx, name, []byte(password))
		if err == nil && !ok {
			t.Errorf("%s, %s: refused without a hash", name, password)
		}
		return err
	}
	if err := now(u, "anna", "right password"); err != nil {
		t.Errorf("known a moment ago: %v", err)
	}
	if err := now(usersOf(t, "right password", "anna"), "anna", "right password"); err != nil {
		t.Errorf("after a reload: %v", err)
	}
	for _, c := range [][2]string{{"anna", "right passwore"}, {"anna", ""}, {"bert", "right password"}, {"nobody", "right password"}} {
		if now(u, c[0], c[1]) == nil {
			t.Errorf("%s, %s: let in without a hash", c[0], c[1])
		}
	}
	if now(usersOf(t, "new password", "anna"), "anna", "right password") == nil {
		t.Error("the former password is let in without a hash")
	}
}

func TestProofsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProofs()
		p.add("hash", []byte("password"))
		time.Sleep(proofLife - time.Second)
		if !p.holds("hash", []byte("password")) {
			t.Error("forgotten before its time")
		}
		time.Sleep(time.Second)
		if p.holds("hash", []byte("password")) {
			t.Error("known for ever")
		}
		for i := range 3 * maxProofs {
			p.add(fmt.Sprint(i), nil)
		}
		if len(p.byHash) > maxProofs {
			t.Errorf("%d proofs are kept, at most %d should be", len(p.byHash), maxProofs)
		}
		for hash, is := range p.byHash {
			if strings.Contains(fmt.Sprintf("%s %s", hash, is.mac[:]), "password") {
				t.Error("the password itself is kept")
			}
		}
	})
}

// At most so many hashes are made side by side in the whole process, however often the
// users are read anew.
func TestHashesSideBySide(t *testing.T) {
	occupy(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 {
		if _, err := usersOf(t, "right password", "carl").Check(ctx, "carl", []byte("wrong")); err == nil {
			t.Error("a hash beside the limit")
		}
	}
}
