// Package pinned is the HTTP of a cluster's node (TCP 8443): AXL, RisPort70, Control
// Center, the certificate REST API and OS Administration speak HTTPS to a server whose
// certificate is known by its fingerprint, not by an authority and not by a name.
//
// What always holds:
//
//   - The caller judges the server's certificate on every new connection, before one
//     byte of HTTP leaves. The password is asked for after that, once.
//   - A password that was refused is not sent a second time: every further attempt may
//     lock the account.
//   - A body is read up to a limit and no further; a request ends at its deadline,
//     whatever the server does; a redirect is followed on the same host and port alone;
//     no proxy stands between; cookies stay with their Client.
//   - No error carries a password.
//
// A Client may be used by several goroutines.
package pinned

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"ctlclient/message"
	"ctlclient/protocol/internal/reach"
	"ctlclient/protocol/internal/tlsconn"
)

const (
	// DefaultTimeout of one request, its answer included.
	DefaultTimeout = 60 * time.Second

	// DefaultMaxBody is the limit of an answer where a request sets none, in bytes: twice
	// what CUCM gives at a time.
	DefaultMaxBody = 16 << 20

	maxRedirects   = 5
	maxHeader      = 64 << 10
	maxConnections = 4
	idleTimeout    = 5 * time.Second // less than servers wait, so that none ends a connection under a question
	connectTimeout = 20 * time.Second
	maxRetryAfter  = 10 * time.Minute
)

// Options of a client.
type Options struct {
	// VerifyPeer is called with the server's certificate before anything is sent, for
	// every connection; its error ends the connection and is found in the request's by
	// errors.As. It is called within the handshake: it must not wait for a person.
	// Required.
	VerifyPeer func(cert *x509.Certificate, raw []byte) error

	// User and Password are sent as Basic authentication, where User is not empty.
	// Password is asked at most once, when the server's certificate was accepted; the
	// slice stays the caller's, to wipe.
	User     string
	Password func(ctx context.Context) ([]byte, error)

	Legacy  bool          // also TLS 1.0 and 1.1, RSA key exchange, 3DES
	Timeout time.Duration // per request, its answer included; 0: DefaultTimeout
	Dialer  func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Client talks to one node.
type Client struct {
	// Hints say what to do about a status code, in the words of the interface that is
	// asked. Set before the first request.
	Hints map[int]message.Message

	service string // what answers, for errors: "AXL"
	addr    string // host:port
	options Options
	http    *http.Client

	login sync.Mutex // held until the password was asked for and the server took it

	mu       sync.Mutex
	proven   bool         // the server took the password once
	asked    bool         // the password was asked for
	askErr   error        // what became of that
	password []byte       // a copy, wiped by Close
	refused  *StatusError // the account was refused; it is not sent any more
}

// Request is one question.
type Request struct {
	Method  string      // GET where empty
	Path    string      // with the query, from the first slash on
	Header  http.Header // may be nil
	Body    []byte      // may be nil
	MaxBody int64       // of the answer, in bytes; 0: DefaultMaxBody

	Again      bool // it changes nothing: asked a second time where the connection breaks
	NoAuth     bool // no Basic authentication with this one
	NoRedirect bool // a redirect is the answer
}

// Response is one answer, whole.
type Response struct {
	Code   int
	Header http.Header
	Body   []byte
	URL    *url.URL // where it came from, redirects followed
}

// New makes a client of the service ("AXL") at addr (host:port). Nothing is sent yet.
func New(service, addr string, o Options) (*Client, error) {
	if o.VerifyPeer == nil {
		return nil, tlsconn.ErrNoVerify
	}
	if o.User != "" && o.Password == nil {
		return nil, message.NewError("a user without a password")
	}
	if strings.Contains(o.User, ":") {
		return nil, message.NewError("a user name with a colon cannot be sent by Basic authentication")
	}
	if _, port, err := net.SplitHostPort(addr); err != nil || port == "" {
		return nil, message.Errorf("%q is not host:port", addr)
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	c := &Client{service: service, addr: addr, options: o}
	c.http = &http.Client{Transport: c.transport(), CheckRedirect: c.redirect}
	c.ForgetCookies()
	return c, nil
}

// Addr is the host:port that is asked.
func (c *Client) Addr() string { return c.addr }

func (c *Client) transport() *http.Transport {
	return &http.Transport{
		DialTLSContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return c.dial(ctx) },
		MaxConnsPerHost:        maxConnections,
		MaxIdleConnsPerHost:    maxConnections,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true,
	}
}

func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	conn, err := tlsconn.Dial(ctx, c.options.Dialer, c.addr, min(c.options.Timeout, connectTimeout), c.options.VerifyPeer, c.options.Legacy)
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// redirect follows to where the question was asked alone.
func (c *Client) redirect(r *http.Request, via []*http.Request) error {
	if r.Context().Value(noRedirect{}) != nil {
		return http.ErrUseLastResponse
	}
	if len(via) > maxRedirects {
		return message.Errorf("more than %d redirects", maxRedirects)
	}
	if r.URL.Scheme != "https" || r.URL.Host != via[0].URL.Host {
		return reach.Strange(message.Errorf("redirect to another server, %s://%s", r.URL.Scheme, r.URL.Host))
	}
	return nil
}

type noRedirect struct{}

// ForgetCookies begins a new session with the server.
func (c *Client) ForgetCookies() {
	jar, _ := cookiejar.New(nil) // never fails
	c.mu.Lock()
	defer c.mu.Unlock()
	c.http.Jar = jar
}

// HasCookies says whether the server keeps a session for requests to path.
func (c *Client) HasCookies(path string) bool {
	u, err := c.url(path)
	if err != nil {
		return false
	}
	c.mu.Lock()
	jar := c.http.Jar
	c.mu.Unlock()
	return len(jar.Cookies(u)) > 0
}

// Close ends the connections and wipes the password.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.password)
	c.password, c.asked, c.askErr = nil, true, net.ErrClosed
	c.http.CloseIdleConnections()
	return nil
}

func (c *Client) url(path string) (*url.URL, error) {
	u, err := url.Parse("https://" + c.addr + path)
	if err != nil || !strings.HasPrefix(path, "/") || u.Host != c.addr {
		return nil, message.Errorf("%q is not a path on %s", path, c.addr)
	}
	return u, nil
}

// Do asks. An answer that is not of the codes 2xx (or 3xx with NoRedirect) is given
// with a *StatusError; any other error comes without an answer.
func (c *Client) Do(ctx context.Context, q Request) (*Response, error) {
	auth := c.options.User != "" && !q.NoAuth
	if auth && !c.isProven() {
		// One at a time, so that a wrong password is one attempt.
		c.login.Lock()
		defer c.login.Unlock()
		if err := c.askPassword(ctx); err != nil {
			return nil, c.named(ctx, err)
		}
	}
	response, err := c.once(ctx, q, auth)
	if q.Again && lost(err) && ctx.Err() == nil && (!auth || c.isProven()) {
		response, err = c.once(ctx, q, auth)
	}
	if response != nil {
		return response, err
	}
	return nil, c.named(ctx, err)
}

// once asks within the time of one request.
func (c *Client) once(ctx context.Context, q Request, auth bool) (*Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	return c.do(ctx, q, auth)
}

// lost says whether a connection broke that had stood.
func lost(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return (op.Op == "read" || op.Op == "write") && !op.Timeout()
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// named says who did not answer; the end of ctx is the caller's own doing.
func (c *Client) named(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	if _, ok := errors.AsType[*StatusError](err); ok {
		return err
	}
	if _, ok := errors.AsType[*reach.Error](err); !ok && errors.Is(err, context.DeadlineExceeded) {
		err = &slowError{c.options.Timeout}
	}
	if strings.Contains(err.Error(), c.addr) {
		return fmt.Errorf("%s: %w", c.service, err)
	}
	return message.Errorf("%s at %s: %w", c.service, c.addr, err)
}

// slowError is a server that was reached and did not answer in time.
type slowError struct{ after time.Duration }

// Error is Said in English.
func (e *slowError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *slowError) Said() error {
	return message.Errorf("no answer within %v", e.after.Round(time.Second/10))
}
func (e *slowError) Unwrap() error { return context.DeadlineExceeded }

// Hints name the next action.
func (e *slowError) Hints() []message.Message {
	return message.Hint("see that the service runs and is not overloaded, then try again; or wait longer for each answer")
}

func (c *Client) do(ctx context.Context, q Request, auth bool) (*Response, error) {
	request, err := c.request(ctx, q)
	if err != nil {
		return nil, err
	}
	if auth {
		if err := c.authenticate(request); err != nil {
			return nil, err
		}
	}
	c.mu.Lock()
	client := *c.http // a cookie jar is exchanged whole
	c.mu.Unlock()
	answer, err := client.Do(request)
	if err != nil {
		// The URL says what the caller knows, and a query is nobody's business.
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err
		}
		return nil, err
	}
	defer answer.Body.Close()
	limit := q.MaxBody
	if limit <= 0 {
		limit = DefaultMaxBody
	}
	body, err := readAll(answer, limit)
	// A server that sees us go may end its answer as if it were whole.
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	response := &Response{Code: answer.StatusCode, Header: answer.Header, Body: body, URL: answer.Request.URL}
	return response, c.judge(response, request, q)
}

func (c *Client) request(ctx context.Context, q Request) (*http.Request, error) {
	u, err := c.url(q.Path)
	if err != nil {
		return nil, err
	}
	if q.NoRedirect {
		ctx = context.WithValue(ctx, noRedirect{}, true)
	}
	method := q.Method
	if method == "" {
		method = http.MethodGet
	}
	request, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(q.Body))
	if err != nil {
		return nil, err
	}
	if q.Body == nil {
		request.Body, request.GetBody, request.ContentLength = http.NoBody, nil, 0
	}
	for name, values := range q.Header {
		request.Header[name] = values
	}
	return request, nil
}

func (c *Client) isProven() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.proven
}

// askPassword asks for the password when the server is known to be the right one.
func (c *Client) askPassword(ctx context.Context) error {
	c.mu.Lock()
	asked := c.asked
	c.mu.Unlock()
	if asked {
		return nil
	}
	conn, err := c.dial(ctx)
	if err != nil {
		return err
	}
	// A person may take longer than a server waits: the question has a connection of
	// its own, judged anew.
	_ = conn.Close()
	password, err := c.options.Password(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.asked { // not closed meanwhile
		c.asked, c.askErr, c.password = true, err, bytes.Clone(password)
	}
	return nil
}

func (c *Client) authenticate(request *http.Request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.refused != nil:
		return c.refused
	case c.askErr != nil:
		return c.askErr
	}
	pair := append([]byte(c.options.User+":"), c.password...)
	request.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString(pair))
	clear(pair)
	return nil
}

// ErrTooLarge: the answer is longer than its limit.
var ErrTooLarge = reach.Strange(message.NewError("the answer is larger than the limit"))

func readAll(answer *http.Response, limit int64) ([]byte, error) {
	if answer.ContentLength > limit {
		return nil, message.Errorf("%w of %d bytes: the server announces %d", ErrTooLarge, limit, answer.ContentLength)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err != nil {
		return nil, message.Errorf("the answer ended early: %w", err)
	}
	if int64(len(body)) > limit {
		return nil, message.Errorf("%w of %d bytes", ErrTooLarge, limit)
	}
	return body, nil
}

// judge makes an error of a status code, and notes what it says about the password.
func (c *Client) judge(r *Response, sent *http.Request, q Request) error {
	e := &StatusError{Code: r.Code, Service: c.service, Addr: c.addr, RetryAfter: retryAfter(r.Header), hint: c.Hints[r.Code]}
	if sent.Header.Get("Authorization") != "" {
		e.User = c.options.User
		c.mu.Lock()
		defer c.mu.Unlock()
		if r.Code == http.StatusUnauthorized {
			c.refused, c.proven = e, false
			clear(c.password)
		} else {
			c.proven = true
		}
	}
	if r.Code/100 == 2 || r.Code/100 == 3 && q.NoRedirect {
		return nil
	}
	return e
}

func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(time.Until(at), 0), maxRetryAfter)
	}
	return 0
}
