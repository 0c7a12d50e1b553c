// Package httpfile fetches files over HTTP, as newer phones do from port 6970 of
// a node before they try TFTP.
//
// What always holds: a body is read up to a limit and no further, a redirect
// never leads to another host, no proxy stands between (a phone uses none), and
// nothing but the file is kept: no cookies, no connections.
package httpfile

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"time"

	"ctlclient/message"
	"ctlclient/protocol/internal/reach"
)

// Port is the one on which a node serves its TFTP files over HTTP.
const Port = 6970

// DefaultMaxSize is the limit of Get when none is given, in bytes.
const DefaultMaxSize = 1 << 20

// whole is how long all of a file may take.
var whole = 2 * time.Minute

// How long single steps may take.
const (
	connectTimeout = 10 * time.Second
	answerTimeout  = 20 * time.Second
	maxRedirects   = 3
)

// ErrUnreachable: no answer, or not all of it. It may pass by itself; a *StatusError is
// an answer.
var ErrUnreachable = reach.ErrUnreachable

// ErrTooLarge: the file is longer than the limit.
var ErrTooLarge = message.NewError("file is larger than the limit")

// StatusError is an answer other than 200. 404 and 410 are fs.ErrNotExist, 401
// and 403 are fs.ErrPermission.
type StatusError struct {
	Code int
}

// Error is Said in English.
func (e *StatusError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *StatusError) Said() error {
	if text := http.StatusText(e.Code); text != "" {
		return message.Errorf("server answered %d %s", e.Code, text)
	}
	return message.Errorf("server answered %d", e.Code)
}

// Is lets errors.Is find the file system errors behind the codes.
func (e *StatusError) Is(target error) bool {
	switch e.Code {
	case http.StatusNotFound, http.StatusGone:
		return target == fs.ErrNotExist
	case http.StatusUnauthorized, http.StatusForbidden:
		return target == fs.ErrPermission
	}
	return false
}

// Get fetches rawURL (http or https), at most max bytes (0: DefaultMaxSize); a
// longer file is ErrTooLarge, a missing one fs.ErrNotExist; no answer, or not all of it
// within two minutes, is ErrUnreachable.
func Get(ctx context.Context, rawURL string, max int64) ([]byte, error) {
	if max <= 0 {
		max = DefaultMaxSize
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, message.Errorf("fetch: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, message.Errorf("fetch %s: not an http address", u.Redacted())
	}
	parent := ctx
	ctx, cancel := context.WithTimeoutCause(ctx, whole, reach.TooSlow(whole))
	defer cancel()
	data, err := get(ctx, u, max)
	if err != nil && ctx.Err() != nil && parent.Err() == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, message.Errorf("fetch %s: %w", u.Redacted(), err)
	}
	return data, nil
}

func get(ctx context.Context, u *url.URL, max int64) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: transport(), CheckRedirect: sameHost}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		// The URL is named by Get already.
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err
		}
		if _, ok := errors.AsType[net.Error](err); ok {
			return nil, reach.Failed(ctx, u.Host, err)
		}
		return nil, lost(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, &StatusError{response.StatusCode}
	}
	if response.ContentLength > max {
		return nil, message.Errorf("%w of %d bytes: the server announces %d", ErrTooLarge, max, response.ContentLength)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, max+1))
	if err != nil {
		return nil, lost(err)
	}
	if int64(len(data)) > max {
		return nil, message.Errorf("%w of %d bytes", ErrTooLarge, max)
	}
	return data, nil
}

// lost makes the end of a connection what it is for reach.
func lost(err error) error {
	if reach.IsLoss(err) {
		return reach.Lost(err)
	}
	return err
}

// transport is made for one file. Compression is off: the bytes of a signed
// file are wanted as they are served.
func transport() *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout:    connectTimeout,
		ResponseHeaderTimeout:  answerTimeout,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
		DisableKeepAlives:      true,
	}
}

// sameHost follows a redirect only to where the file was asked for: what is
// wanted is what this node serves.
func sameHost(request *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return message.Errorf("more than %d redirects", maxRedirects)
	}
	if request.URL.Host != via[0].URL.Host {
		return message.Errorf("redirect to another host, %s", request.URL.Host)
	}
	return nil
}
