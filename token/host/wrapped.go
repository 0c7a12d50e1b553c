package host

import (
	"crypto"
	"crypto/rsa"
	"math/big"
	_ "unsafe" // for linkname

	"github.com/ThalesIgnite/crypto11"

	"ctlclient/message"
)

// wrapped is the token that crypto11 serves, and the key found there.
type wrapped struct {
	context *crypto11.Context
	signer  crypto11.Signer
}

// wrapperSessions is what crypto11 opens: one that stays and one that signs.
const wrapperSessions = 2

// references is how crypto11 counts its users of a library: the first calls
// C_Initialize, the last C_Finalize. It has no setting to leave both to others, so it
// is told that there is one user more than it knows of: the module is initialised
// once, by us, from the first look to the end.
//
//go:linkname references github.com/ThalesIgnite/crypto11.refCount
var references map[string]int

var errNotWrapped = message.NewError("crypto11 does not serve the token")

// wrap sets crypto11 up on a token, before anything else is open on it: crypto11
// finalises the module when it fails. Then, and where the module gives it another
// function list, the answer is errNotWrapped; the number tells whether the module
// has to be initialised again.
func (c *child) wrap(a *args) (packet, error) {
	slot := int(a.num())
	if err := a.done(); err != nil {
		return packet{}, err
	}
	if l, ok := c.mod.(*library); !ok || !l.sameList || c.wrapped != nil {
		return packet{nums: []uint64{notWrapped}}, nil
	}
	references[c.path] = 1
	w, err := crypto11.Configure(&crypto11.Config{Path: c.path, SlotNumber: &slot, LoginNotSupported: true, MaxSessions: wrapperSessions})
	if err != nil {
		return packet{nums: []uint64{wrapFinalized}}, nil
	}
	c.wrapped = &wrapped{context: w}
	return packet{nums: []uint64{wrapDone}}, nil
}

// The answers of wrap.
const (
	notWrapped    = 0
	wrapDone      = 1
	wrapFinalized = 2
)

// wrappedKey finds the key with the id and modulus through crypto11, after the login.
func (c *child) wrappedKey(a *args) (packet, error) {
	id, n := a.blob(), new(big.Int).SetBytes(a.blob())
	if err := a.done(); err != nil {
		return packet{}, err
	}
	if c.wrapped == nil {
		return packet{nums: []uint64{0}}, nil
	}
	c.wrapped.signer = nil
	keys, err := c.wrapped.context.FindKeyPairs(id, nil)
	if err != nil {
		return packet{nums: []uint64{0}}, nil
	}
	for _, k := range keys {
		if p, ok := k.Public().(*rsa.PublicKey); ok && p.N.Cmp(n) == 0 {
			c.wrapped.signer = k
			return packet{nums: []uint64{1}}, nil
		}
	}
	return packet{nums: []uint64{0}}, nil
}

// wrappedSign signs a digest.
func (c *child) wrappedSign(a *args) (packet, error) {
	hash, digest := crypto.Hash(a.num()), a.blob()
	if err := a.done(); err != nil {
		return packet{}, err
	}
	if c.wrapped == nil || c.wrapped.signer == nil {
		return packet{}, errNotWrapped
	}
	switch hash {
	case crypto.SHA1, crypto.SHA224, crypto.SHA256, crypto.SHA384, crypto.SHA512:
	default:
		return packet{}, errNotWrapped
	}
	signature, err := c.wrapped.signer.Sign(nil, digest, hash)
	return with(err, func(f *fields) { f.blob(signature) })
}

// unwrap closes crypto11's sessions.
func (c *child) unwrap(a *args) (packet, error) {
	if w := c.wrapped; w != nil {
		c.wrapped = nil
		// Its error would be that of a token that has gone; there is nothing left to close then.
		_ = w.context.Close()
	}
	return packet{}, nil
}
