package provider

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"sync"
	"time"
)

// hashing are the places for passwords that are looked at side by side, for the whole
// process and across reloads: each costs the memory of one hash.
var hashing = make(chan struct{}, hashesAside)

// proofLife is how long a password that was found right is recognised without its hash.
const proofLife = 10 * time.Minute

// maxProofs bounds the memory: one for each user, and as many of former passwords.
const maxProofs = 2 * maxUsers

// proofs recognise passwords that were found right a short while ago, so that a thousand
// clients who know theirs do not wait for a thousand hashes. Kept is not the password but
// a MAC of it under a key that this process made and never writes; a wrong password
// always costs its hash.
type proofs struct {
	key [32]byte

	mu     sync.Mutex
	byHash map[string]proof
}

type proof struct {
	mac   [sha256.Size]byte
	until time.Time
}

var proven = newProofs()

func newProofs() *proofs {
	p := &proofs{byHash: make(map[string]proof)}
	rand.Read(p.key[:])
	return p
}

func (p *proofs) mac(hash string, password []byte) (sum [sha256.Size]byte) {
	m := hmac.New(sha256.New, p.key[:])
	m.Write([]byte(hash)) // of one form, so that where it ends is plain
	m.Write(password)
	m.Sum(sum[:0])
	return sum
}

// holds reports that password was found right for hash a short while ago.
func (p *proofs) holds(hash string, password []byte) bool {
	mac := p.mac(hash, password)
	p.mu.Lock()
	defer p.mu.Unlock()
	is, ok := p.byHash[hash]
	return ok && time.Now().Before(is.until) && subtle.ConstantTimeCompare(is.mac[:], mac[:]) == 1
}

// add keeps that password was found right for hash.
func (p *proofs) add(hash string, password []byte) {
	mac := p.mac(hash, password)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.byHash) >= maxProofs {
		clear(p.byHash) // each comes again with its next login
	}
	p.byHash[hash] = proof{mac, time.Now().Add(proofLife)}
}
