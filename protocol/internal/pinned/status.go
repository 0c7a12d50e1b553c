package pinned

import (
	"fmt"
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

	hint string
}

func (e *StatusError) Error() string {
	answered := strconv.Itoa(e.Code)
	if text := http.StatusText(e.Code); text != "" {
		answered += " " + text
	}
	where := fmt.Sprintf("%s at %s", e.Service, e.Addr)
	switch {
	case e.Code == http.StatusUnauthorized && e.User != "":
		return fmt.Sprintf("%s refused the user %q (%s)", where, e.User, answered)
	case e.Code == http.StatusForbidden && e.User != "":
		return fmt.Sprintf("%s does not allow this to the user %q (%s)", where, e.User, answered)
	case e.Is(ErrBusy):
		return fmt.Sprintf("%s is too busy to answer now (%s)", where, answered)
	}
	return where + " answered " + answered
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

// Hint names the next action.
func (e *StatusError) Hint() string {
	switch {
	case e.hint != "":
		return e.hint
	case e.Is(ErrLogin):
		return "check the user name and the password; the password is not sent again, because further attempts may lock the account"
	case e.Is(ErrForbidden):
		return "give the account the role that this needs"
	case e.Is(ErrBusy) && e.RetryAfter > 0:
		return "try again in " + e.RetryAfter.String()
	case e.Is(ErrBusy):
		return "try again in a minute"
	}
	return ""
}
