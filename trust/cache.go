package trust

import (
	"context"
	"crypto/sha256"
	"io"
	"strings"
	"sync"
	"time"
)

// CachedAsker remembers what TVS said, as phones do: a positive answer for its TTL
// (phones are given 86,400 seconds), an error or a refusal never. Answers are kept
// apart by what makes them differ: the certificate asked about, the servers in the
// phone's order, and the lists by which it authenticates them.
//
// It may be used by several goroutines.
type CachedAsker struct {
	asker Asker
	now   func() time.Time

	mu      sync.Mutex
	answers map[[sha256.Size]byte]cachedAnswer
}

type cachedAnswer struct {
	answer Answer
	until  time.Time
}

// maxCached bounds the memory of a long run; at the bound, what has ended goes first.
const maxCached = 4096

// NewCachedAsker puts a cache before an Asker. now is the clock; nil is time.Now.
func NewCachedAsker(a Asker, now func() time.Time) *CachedAsker {
	if now == nil {
		now = time.Now
	}
	return &CachedAsker{asker: a, now: now, answers: map[[sha256.Size]byte]cachedAnswer{}}
}

// Ask answers from the cache or asks; a TTL out of the cache is what is left of it.
func (c *CachedAsker) Ask(ctx context.Context, p Phone, q Question) (Answer, error) {
	key := cacheKey(p, q)
	if a, ok := c.held(key); ok {
		return a, nil
	}
	a, err := c.asker.Ask(ctx, p, q)
	if err != nil || !a.Valid || a.TTL <= 0 {
		return a, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.answers) >= maxCached {
		c.sweep()
	}
	c.answers[key] = cachedAnswer{a, c.now().Add(a.TTL)}
	return a, nil
}

func (c *CachedAsker) held(key [sha256.Size]byte) (Answer, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.answers[key]
	if !ok {
		return Answer{}, false
	}
	left := e.until.Sub(c.now())
	if left <= 0 {
		delete(c.answers, key)
		return Answer{}, false
	}
	e.answer.TTL = left
	return e.answer, true
}

// sweep drops what has ended, and everything when nothing has.
func (c *CachedAsker) sweep() {
	now := c.now()
	for k, e := range c.answers {
		if !e.until.After(now) {
			delete(c.answers, k)
		}
	}
	if len(c.answers) >= maxCached {
		clear(c.answers)
	}
}

// Flush forgets every answer, as a phone does once it has taken a new list.
func (c *CachedAsker) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.answers)
}

func cacheKey(p Phone, q Question) [sha256.Size]byte {
	h := sha256.New()
	for _, part := range [][]byte{q.Certificate, []byte(q.Subject), []byte(q.Issuer), q.Serial} {
		sum := sha256.Sum256(part)
		h.Write(sum[:])
	}
	io.WriteString(h, strings.Join(p.TVS, "\n"))
	h.Write([]byte{0})
	if p.CTL != nil {
		io.WriteString(h, p.CTL.SHA1())
	}
	h.Write([]byte{0})
	if p.ITL != nil {
		io.WriteString(h, p.ITL.SHA1())
	}
	return [sha256.Size]byte(h.Sum(nil))
}
