// Package softhsm makes SoftHSM2 tokens shaped like SAST eTokens (stub: being written).
package softhsm

import "time"

// ErrMissing: SoftHSM2 is not installed; the text says which package to install.
var ErrMissing error

// ModulePath finds libsofthsm2.so.
func ModulePath() (string, error) { panic("stub") }

// Store is a folder of its own with softhsm2.conf and tokens.
type Store struct {
	Dir    string
	Module string
}

// New creates (or opens) a store in dir and sets SOFTHSM2_CONF for this process.
func New(dir string) (*Store, error) { panic("stub") }

// Spec of a token to make.
type Spec struct {
	Label       string // e.g. SAST-1
	CN          string // default "SAST-ADN" + 8 hex + 8 blanks
	PIN         string // default Cisco123
	SOPIN       string
	KeyBits     int  // default 1024, as the old eTokens
	NoPublicKey bool // leave the public key object out
	NotBefore   time.Time
	NotAfter    time.Time
}

// Token made.
type Token struct {
	Label, Serial, URI string
	Certificate        []byte
	PIN                string
}

// Create makes a token with key pair and certificate issued by a practice "Cisco Manufacturing CA".
func (s *Store) Create(sp Spec) (*Token, error) { panic("stub") }

// Remove deletes a token (pulled out for good).
func (s *Store) Remove(label string) error { panic("stub") }
