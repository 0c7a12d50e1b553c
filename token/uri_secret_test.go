package token_test

import (
	"errors"
	"strings"
	"testing"

	"ctlclient/message"
	"ctlclient/token"
)

// However a PIN gets into a URI, no error repeats it: not where its attribute is
// misspelt, nor where letters before it change their length when they are folded.
func TestNoURIErrorHoldsAPIN(t *testing.T) {
	const pin = "Kaktus99"
	for _, s := range []string{
		"pkcs11:token=a?pin-value=" + pin,
		"pkcs11:token=a?PIN-Value=" + pin,
		"pkcs11:token=a?pinvalue=" + pin,
		"pkcs11:token=a?pin-valeu=" + pin,
		"pkcs11:token=a;pin=" + pin,
		"pkcs11:token=a?pin_value=" + pin,
		"pkcs11:token=" + strings.Repeat("Ⱥ", 100) + "?pin-value=" + pin,
		"pkcs11:token=" + strings.Repeat("İ", 100) + ";x=1?pin-value=" + pin,
		strings.Repeat("\xbd", 50) + "pin-value=" + pin,
		"pin-value=" + pin + strings.Repeat("x", 5000),
	} {
		_, err := token.ParseURI(s)
		var e *token.URIError
		if !errors.As(err, &e) {
			t.Errorf("%q: %v", s, err)
			continue
		}
		if strings.Contains(e.Error()+message.Lines(e.Hints()).String(), pin) {
			t.Errorf("%q: the PIN is in the error: %v; %s", s, e, message.Lines(e.Hints()).String())
		}
	}
}
