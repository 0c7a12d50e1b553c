package token

import (
	"context"
	"time"

	"ctlclient/token/host"
)

// Settings of all calls made under a context: how long modules may take, and what is
// told meanwhile. They go with the context because every function that reaches a
// module takes one, through however many rooms.
type Settings struct {
	// Timeout of one call of a module that waits for no person; 0: 30 s. Login,
	// signing, changing a PIN and making a key wait as long as the context does.
	Timeout time.Duration
	// Waiting is told of a module that has not answered for SlowAfter. It is called on
	// another goroutine, as Printed is.
	Waiting   func(module string)
	SlowAfter time.Duration // 0: 3 s
	// OnKeypad and OnSlow are those of Options, for calls whose Options have none.
	OnKeypad func(PINRequest)
	OnSlow   func(token string)
	// Printed is given each different line that a module prints, once.
	Printed func(module, line string)
}

type settingsKey struct{}

// WithSettings is ctx with settings for the calls made under it.
func WithSettings(ctx context.Context, s Settings) context.Context {
	return context.WithValue(ctx, settingsKey{}, s)
}

func settingsOf(ctx context.Context) Settings {
	s, _ := ctx.Value(settingsKey{}).(Settings)
	if s.Timeout <= 0 {
		s.Timeout = host.DefaultTimeout
	}
	if s.SlowAfter <= 0 {
		s.SlowAfter = defaultSlowAfter
	}
	return s
}

// limits of a module's process while a call under these settings runs.
func (s Settings) limits(path string) host.Limits {
	l := host.Limits{Timeout: s.Timeout, Slow: s.SlowAfter}
	if s.Waiting != nil {
		l.Waiting = func(string) { s.Waiting(path) }
	}
	return l
}
