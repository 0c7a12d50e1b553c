package token

// Wrapped tells whether a signer signs through crypto11.
func Wrapped(s *Signer) bool { return s.wrapped }
