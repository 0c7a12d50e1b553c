package token

import (
	"bytes"
	"context"
	"errors"

	"ctlclient/message"
)

// Find returns the one token a URI names. Otherwise the error is an *Error of kind
// NotFound, Ambiguous or NoModule.
func Find(ctx context.Context, named []string, u URI) (Info, error) {
	v, err := LookFor(ctx, named, u)
	if err != nil {
		return Info{}, err
	}
	defer v.Close()
	return v.Find(u)
}

// notFound says what there was instead. That no module answers is the news before
// anything else.
func notFound(u URI, all []Info, answered int, errs []error, f family) error {
	e := &Error{Kind: NotFound, Detail: message.Plain(u.String()), family: f}
	if answered == 0 && len(errs) > 0 {
		if first := (*Error)(nil); errors.As(errs[0], &first) {
			e, errs = &Error{Kind: first.Kind, Token: u.Token, Module: first.Module, Detail: first.Detail, Err: first.Err, hints: first.hints, family: first.family}, errs[1:]
		}
	}
	hints := e.Hints()
	if len(all) > 0 {
		hints = message.Hint("tokens present:")
		for _, i := range Distinct(all) {
			hints = append(hints, message.Plain(i.URI().String()))
		}
	}
	for _, err := range errs {
		hints = append(hints, message.Phrase("not looked at: %w", err))
	}
	e.hints = hints
	return e
}

// holding finds a certificate by its bytes.
func (i Info) holding(der []byte) (Certificate, bool) {
	for _, c := range i.Certificates {
		if bytes.Equal(c.DER, der) {
			return c, true
		}
	}
	return Certificate{}, false
}

func ambiguousTokens(fit []match) error {
	e := &Error{Kind: Ambiguous, Detail: message.Phrase("%d tokens fit", len(fit)), hints: message.Hint("name one of them:")}
	for _, m := range fit {
		e.hints = append(e.hints, message.Plain(m.by.URI().String()))
	}
	return e
}

// CertificateOf returns the token that a URI names and its certificate that the
// URI's object attributes fit (no PIN). Where the attributes leave a choice, a
// certificate that issued another one on the token is not meant, and one whose key
// is visible is preferred; a choice that remains is Ambiguous.
func CertificateOf(ctx context.Context, named []string, u URI) (Info, Certificate, error) {
	v, err := LookFor(ctx, named, u)
	if err != nil {
		return Info{}, Certificate{}, err
	}
	defer v.Close()
	return v.CertificateOf(u)
}

// choose picks the certificate that a URI means.
func (i Info) choose(u URI) (Certificate, error) {
	var fit []Certificate
	for _, c := range i.Certificates {
		if u.fitsCertificate(c) {
			fit = append(fit, c)
		}
	}
	if len(fit) == 0 && i.unread != nil {
		return Certificate{}, i.unread
	}
	if len(fit) == 0 {
		return Certificate{}, i.noCertificate(u)
	}
	for _, prefer := range []func(Certificate) bool{
		func(c Certificate) bool { return !i.issued(c) },
		func(c Certificate) bool { return c.HasKey },
	} {
		if len(fit) > 1 {
			if p := filter(fit, prefer); len(p) > 0 {
				fit = p
			}
		}
	}
	if len(fit) == 1 {
		return fit[0], nil
	}
	e := &Error{Kind: Ambiguous, Token: i.Label, Module: i.Module, Detail: message.Phrase("%d certificates fit", len(fit)), hints: message.Hint("name one of them:")}
	for _, c := range fit {
		e.hints = append(e.hints, i.named(c))
	}
	return Certificate{}, e
}

// named is a certificate and its URI, on a line.
func (i Info) named(c Certificate) message.Message {
	return message.Plain(i.CertificateURI(c).String() + "   " + c.Subject)
}

func (i Info) noCertificate(u URI) error {
	e := &Error{Kind: NoCertificate, Token: i.Label, Module: i.Module, Detail: message.Plain(u.String())}
	if len(i.Certificates) > 0 {
		e.hints = message.Hint("certificates on it:")
		for _, c := range i.Certificates {
			e.hints = append(e.hints, i.named(c))
		}
	}
	return e
}

// issued tells whether c's subject is the issuer of another certificate on the token.
func (i Info) issued(c Certificate) bool {
	for _, o := range i.Certificates {
		if c.Subject != "" && o.Issuer == c.Subject && !bytes.Equal(o.DER, c.DER) {
			return true
		}
	}
	return false
}

func filter(certs []Certificate, keep func(Certificate) bool) []Certificate {
	var kept []Certificate
	for _, c := range certs {
		if keep(c) {
			kept = append(kept, c)
		}
	}
	return kept
}
