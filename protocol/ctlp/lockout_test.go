package ctlp

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ctlclient/message"
)

// guess is a wrong password, where it is looked at.
func (l *lockouts) guess(addr string) (wait time.Duration) {
	wait, err := l.attempt(context.Background(), addr)
	if err != nil {
		panic(err)
	}
	if wait == 0 {
		l.failed(addr)
	}
	return wait
}

// The rule of the protocol, minute by minute.
func TestLockoutRule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lockouts
		wrong := func(want time.Duration) {
			t.Helper()
			if got := l.guess("a"); got != want {
				t.Errorf("attempt: wait %v, want %v", got, want)
			}
		}
		for range 5 {
			wrong(0)
		}
		wrong(time.Minute)
		time.Sleep(time.Minute - time.Second)
		wrong(time.Second)
		if got := l.guess("b"); got != 0 {
			t.Errorf("another address waits %v", got)
		}
		time.Sleep(time.Second)
		// The four before still count: one more locks for twice the time.
		for _, lock := range []time.Duration{2, 4, 8} {
			wrong(0)
			wrong(lock * time.Minute)
			time.Sleep(lock * time.Minute)
		}
		// The next locks are longer than what is counted: five again each time.
		for _, lock := range []time.Duration{16, 32, 60, 60} {
			for range 5 {
				if got := l.guess("a"); got != 0 {
					break
				}
			}
			wrong(lock * time.Minute)
			time.Sleep(lock*time.Minute + wrongWindow)
		}
	})
}

func TestLockoutForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lockouts
		count := func(addr string) (free int) {
			for range 10 {
				if l.guess(addr) == 0 {
					free++
				}
			}
			return free
		}
		// Five wrong ones in more than ten minutes are not five within ten.
		for range 20 {
			if got := l.guess("slow"); got != 0 {
				t.Fatalf("a slow address waits %v", got)
			}
			time.Sleep(wrongWindow / 4)
		}
		// A right password forgets the wrong ones.
		for range 4 {
			l.guess("typist")
		}
		if _, err := l.attempt(t.Context(), "typist"); err != nil {
			t.Fatal(err)
		}
		l.succeeded("typist")
		if l.addresses["typist"] != nil {
			t.Errorf("after a success %+v is kept", l.addresses["typist"])
		}
		if got := count("typist"); got != 5 {
			t.Errorf("%d attempts after a success, want 5", got)
		}
		// An attempt whose password nobody looked at is none.
		for range 20 {
			if got, err := l.attempt(t.Context(), "unlucky"); got != 0 || err != nil {
				t.Fatalf("waits %v after attempts that nobody judged, %v", got, err)
			}
			l.undecided("unlucky")
		}
		if got := count("unlucky"); got != 5 {
			t.Errorf("%d attempts, want 5", got)
		}
		// After a quiet hour the doubling starts again.
		time.Sleep(firstLock + forgetAfter)
		for range 5 {
			l.guess("unlucky")
		}
		if got := l.guess("unlucky"); got != firstLock {
			t.Errorf("locked for %v after a quiet hour, want %v", got, firstLock)
		}
	})
}

func TestLockoutMemory(t *testing.T) {
	var l lockouts
	for i := range 2 * maxAddresses {
		l.guess(fmt.Sprint(i))
	}
	if n := len(l.addresses); n != maxAddresses {
		t.Errorf("%d addresses are kept, at most %d should be", n, maxAddresses)
	}
}

// Clients of one address who know their passwords are let in, however many come at
// once; only as many are looked at side by side as may be wrong.
func TestManyOfOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lockouts
		var mu sync.Mutex
		looking, most, let := 0, 0, 0
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				wait, err := l.attempt(t.Context(), "a")
				if wait != 0 || err != nil {
					t.Errorf("refused for %v, %v", wait, err)
					return
				}
				mu.Lock()
				looking++
				most = max(most, looking)
				mu.Unlock()
				time.Sleep(time.Second)
				mu.Lock()
				looking--
				let++
				mu.Unlock()
				l.succeeded("a")
			})
		}
		wg.Wait()
		if let != 100 || most != maxWrong {
			t.Errorf("%d of 100 let in, %d side by side, want %d", let, most, maxWrong)
		}
		if len(l.addresses) > 1 || l.addresses["a"] != nil && l.addresses["a"].pending != 0 {
			t.Errorf("left: %+v", l.addresses["a"])
		}
		// One who waits leaves when it is told to.
		for range maxWrong {
			if wait, err := l.attempt(t.Context(), "b"); wait != 0 || err != nil {
				t.Fatal(wait, err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.attempt(ctx, "b"); err == nil {
			t.Error("a sixth was let through")
		}
		// When the five were wrong, those who waited are locked out.
		for range maxWrong {
			l.failed("b")
		}
		if wait, err := l.attempt(t.Context(), "b"); wait != firstLock || err != nil {
			t.Errorf("after five wrong ones: %v, %v", wait, err)
		}
	})
}

// Over the wire: the sixth attempt is answered without a look at the password,
// and a right one does not help before its time.
func TestBruteForce(t *testing.T) {
	n := startNode(t, nil)
	guess := func(user, password string) error {
		c := n.dial(t)
		_, err := c.Login(t.Context(), user, []byte(password))
		return err
	}
	for i := range 5 {
		user := testUser
		if i%2 == 1 {
			user = "nobody" // the answer does not tell who exists
		}
		se := wantStatus(t, guess(user, "guess"), BadLogin)
		if se.Message != "" || se.RetryAfter != 0 {
			t.Errorf("%+v", se)
		}
	}
	se := wantStatus(t, guess(testUser, testPassword), LockedOut)
	if se.RetryAfter <= 0 || se.RetryAfter > time.Minute || !strings.Contains(message.Lines(se.Hints()).String(), se.RetryAfter.String()) {
		t.Errorf("retry after %v; hint %q", se.RetryAfter, message.Lines(se.Hints()).String())
	}
	if n.be.logins != 5 {
		t.Errorf("the backend was asked %d times, want 5", n.be.logins)
	}
	for _, event := range []string{"login-failed", "locked-out"} {
		if !strings.Contains(n.log.all(), event) {
			t.Errorf("the log has no %s", event)
		}
	}
}

// Many attempts side by side are no way round the count.
func TestBruteForceInParallel(t *testing.T) {
	n := startNode(t, nil)
	const clients = 20
	statuses := make([]Status, clients)
	var wg sync.WaitGroup
	for i := range clients {
		c := n.dial(t)
		wg.Go(func() {
			_, err := c.Login(t.Context(), testUser, []byte("guess"))
			statuses[i] = StatusOf(err)
		})
	}
	wg.Wait()
	slices.Sort(statuses)
	if statuses[4] != BadLogin || statuses[5] != LockedOut || n.be.logins != 5 {
		t.Errorf("%d passwords were looked at, want 5; answers %v", n.be.logins, statuses)
	}
}

// keeper keeps the slice that it was given, against the rules.
type keeper struct {
	backend
	password []byte
}

func (k *keeper) Login(ctx context.Context, user string, password []byte) (bool, error) {
	k.password = password
	return k.backend.Login(ctx, user, password)
}

// The password is in no log, whatever happens, and the server wipes it.
func TestPasswordStaysSecret(t *testing.T) {
	k := &keeper{}
	n := startNode(t, func(o *ServerOptions) { o.Backend = k })
	for _, password := range []string{testPassword, "Zw3i Wörter?"} {
		c := n.dial(t)
		_, err := c.Login(t.Context(), testUser, []byte(password))
		if err != nil && strings.Contains(err.Error(), "Zw3i") {
			t.Error("the error tells the password:", err)
		}
		if got := string(k.password); got != strings.Repeat("\x00", len(password)) {
			t.Errorf("the server left %q in memory", got)
		}
		c.Close()
	}
	if all := n.log.all(); strings.Contains(all, "Zw3i") || !strings.Contains(all, testUser) {
		t.Errorf("log: %s", all)
	}
}
