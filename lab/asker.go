package lab

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"ctlclient/message"
	"ctlclient/protocol/tvs"
	"ctlclient/trust"
)

// asker asks TVS as a phone does: the servers of its configuration in order,
// each authenticated by the TVS records of the ITL held. Answers that vouch are
// remembered for as long as they say, in the phone's memory: a restart forgets.
type asker struct {
	device string
	asked  int // questions that a server answered
	cache  map[[sha256.Size]byte]remembered
}

type remembered struct {
	answer trust.Answer
	until  time.Time
}

// tvsTimeout bounds one question to one server.
const tvsTimeout = 5 * time.Second

func newAsker(p *Phone) *asker {
	return &asker{device: fmt.Sprintf("CP-%.4s-%s", p.Model+"0000", p.Name), cache: map[[sha256.Size]byte]remembered{}}
}

// Ask implements trust.Asker.
func (a *asker) Ask(ctx context.Context, p trust.Phone, q trust.Question) (trust.Answer, error) {
	key := sha256.Sum256(fmt.Append(nil, q.ByName(), q.Issuer, q.Serial, q.Certificate))
	r := tvs.Request{Certificate: q.Certificate}
	if q.ByName() {
		r = tvs.Request{Names: tvs.Names{Subject: q.Subject, Issuer: q.Issuer, Serial: q.Serial}}
	}
	if held, ok := a.cache[key]; ok && time.Now().Before(held.until) {
		return held.answer, nil
	}
	if len(p.TVS) == 0 {
		return trust.Answer{}, message.NewError("the phone's configuration names no TVS server")
	}
	var errs []error
	for _, server := range p.TVS {
		got, err := tvs.Ask(ctx, server, r, tvs.Options{
			VerifyPeer: func(_ *x509.Certificate, raw []byte) error {
				_, err := trust.CheckTVSCertificate(p.ITL, raw)
				return err
			},
			DeviceName: a.device,
			Timeout:    tvsTimeout,
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", server, err))
			continue
		}
		a.asked++
		answer := trust.Answer{Valid: got.Valid, Certificate: got.Certificate, Roles: bytes.Clone(got.Roles), TTL: got.TTL}
		if answer.Valid && answer.TTL > 0 {
			a.cache[key] = remembered{answer, time.Now().Add(answer.TTL)}
		}
		return answer, nil
	}
	return trust.Answer{}, errors.Join(errs...)
}
