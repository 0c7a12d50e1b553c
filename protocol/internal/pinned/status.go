package pinned

import (
	"io/fs"
	"net/http"
	"strconv"
	"time"

	"ctlclient/message"
)

// What a caller decides by, found by errors.Is in a *StatusError. 404 and 410 are
// fs.ErrNotExist, 403 is fs.ErrPermission too.
var (
	ErrLogin     = message.NewError("the server refused the account")       // 401
	ErrForbidden = message.NewError("the server does not allow this")       // 403
	ErrBusy      = message.NewError("the server is too busy to answer now") // 503, 429
)

// StatusError is an answer with another status code than 2xx.
type StatusError struct {
	Code       int
	Service    string        // what was asked: "AXL"
	Addr       string        // host:port
	User       string        // whose password was sent; empty: none was
	RetryAfter time.Duration // when the server wants to be asked again, at most 10 minutes; 0: it does not say

	hint message.Message
}

// Error is Said in English.
func (e *StatusError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *StatusError) Said() error {
	answered := strconv.Itoa(e.Code)
	if text := http.StatusText(e.Code); text != "" {
		answered += " " + text
	}
	switch {
	case e.Code == http.StatusUnauthorized && e.User != "":
		return message.Errorf("%s at %s refused the user %q (%s)", e.Service, e.Addr, e.User, answered)
	case e.Code == http.StatusForbidden && e.User != "":
		return message.Errorf("%s at %s does not allow this to the user %q (%s)", e.Service, e.Addr, e.User, answered)
	case e.Is(ErrBusy):
		return message.Errorf("%s at %s is too busy to answer now (%s)", e.Service, e.Addr, answered)
	}
	return message.Errorf("%s at %s answered %s", e.Service, e.Addr, answered)
}

// Is finds the sentinel of the code.
func (e *StatusError) Is(target error) bool {
	switch e.Code {
	case http.StatusUnauthorized:
		return target == ErrLogin
	case http.StatusForbidden:
		return target == ErrForbidden || target == fs.ErrPermission
	case http.StatusNotFound, http.StatusGone:
		return target == fs.ErrNotExist
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return target == ErrBusy
	}
	return false
}

// Hints name the next action.
func (e *StatusError) Hints() []message.Message {
	switch {
	case !e.hint.IsZero():
		return []message.Message{e.hint}
	case e.Is(ErrLogin):
		return message.Hint("check the user name and the password; the password is not sent again, because further attempts may lock the account")
	case e.Is(ErrForbidden):
		return message.Hint("give the account the role that this needs")
	case e.Is(ErrBusy) && e.RetryAfter > 0:
		return message.Hint("try again in %v", e.RetryAfter)
	case e.Is(ErrBusy):
		return message.Hint("try again in a minute")
	}
	return nil
}
