package ctlp

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"ctlclient/message"
	"ctlclient/protocol/internal/reach"
	"ctlclient/protocol/internal/tlsconn"
)

// DefaultTimeout of one request of a client.
const DefaultTimeout = 30 * time.Second

// logoutTimeout is how long Close waits for a node to take note.
const logoutTimeout = 2 * time.Second

// ErrClosed is a connection that has ended: by Close, by an earlier failure, or
// by the server, which may end one that was idle for a minute. It is ErrUnreachable.
var ErrClosed = message.NewError("the connection has ended")

// ErrUnreachable: no connection, or one that was lost or fell silent; what was asked
// may or may not have been done. It may pass by itself. All that a server answers is a
// *StatusError, ErrProtocol or a *DigestError instead.
var ErrUnreachable = reach.ErrUnreachable

// Options of a client.
type Options struct {
	// VerifyPeer is called with the server's certificate before anything is sent;
	// its error ends the connection and is found in Dial's by errors.As. It is
	// called within the handshake: it must not wait for a person. Required.
	VerifyPeer func(cert *x509.Certificate, raw []byte) error
	Legacy     bool          // also TLS 1.0 and 1.1, RSA key exchange, 3DES
	Timeout    time.Duration // per request; 0: DefaultTimeout
	Client     string        // name and version, told at LOGIN
	Dialer     func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Client is one connection to a node.
type Client struct {
	conn    *tls.Conn
	timeout time.Duration
	name    string

	mu       sync.Mutex
	lastID   uint32
	staged   map[StageID][32]byte // what was staged on this connection
	loggedIn bool
	ended    error // why the connection is of no further use
}

// Dial connects to addr (host:port) and shakes hands; nothing is sent yet.
func Dial(ctx context.Context, addr string, o Options) (*Client, error) {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	conn, err := tlsconn.Dial(ctx, o.Dialer, addr, o.Timeout, o.VerifyPeer, o.Legacy)
	if err != nil {
		return nil, err
	}
	return &Client{conn: conn, timeout: o.Timeout, name: o.Client, staged: make(map[StageID][32]byte)}, nil
}

// ConnectionState tells the TLS version and cipher suite in use.
func (c *Client) ConnectionState() tls.ConnectionState { return c.conn.ConnectionState() }

// Login lets the user in; server is the server's name and version. The password
// stays the caller's, to wipe.
func (c *Client) Login(ctx context.Context, user string, password []byte) (server string, err error) {
	if !isText(password) {
		return "", message.NewError("a password is text without NUL")
	}
	var b builder
	b.text(tagUserName, user)
	// All room is taken beforehand: growing would leave copies of the password.
	b = append(make(builder, 0, len(b)+10+len(password)+10+4*len(c.name)), b...)
	b.bytes(tagPassword, password)
	b.text(tagClient, c.name)
	defer clear(b)
	es, err := c.roundTrip(ctx, typeLogin, b)
	if err != nil {
		return "", err
	}
	server = es.optionalText(tagServer)
	return printable([]byte(server)), c.check(typeLogin, es)
}

// Cluster asks the publisher for mode and nodes.
func (c *Client) Cluster(ctx context.Context) (Cluster, error) {
	es, err := c.roundTrip(ctx, typeCluster, nil)
	if err != nil {
		return Cluster{}, err
	}
	v, err := decodeCluster(es)
	if err != nil {
		return Cluster{}, c.bad(typeCluster, err)
	}
	for i := range v.Nodes {
		v.Nodes[i].Name = printable([]byte(v.Nodes[i].Name))
		v.Nodes[i].Address = printable([]byte(v.Nodes[i].Address))
	}
	return v, nil
}

// Credentials asks the publisher for the certificates of all servers.
func (c *Client) Credentials(ctx context.Context) ([]Credential, error) {
	es, err := c.roundTrip(ctx, typeCredentials, nil)
	if err != nil {
		return nil, err
	}
	v, err := decodeCredentials(es)
	if err != nil {
		return nil, c.bad(typeCredentials, err)
	}
	for i := range v {
		v[i].NodeName = printable([]byte(v[i].NodeName))
		v[i].NodeAddress = printable([]byte(v[i].NodeAddress))
	}
	return v, nil
}

// Get reads a file. Its digest has been checked. A missing file is a
// *StatusError with NotFound.
func (c *Client) Get(ctx context.Context, name string) (File, error) {
	if err := checkName(name); err != nil {
		return File{}, err
	}
	var b builder
	b.text(tagFileName, name)
	es, err := c.roundTrip(ctx, typeGet, b)
	if err != nil {
		return File{}, err
	}
	f := File{
		Name:   es.text(tagFileName),
		Data:   es.bytes(tagFileData),
		SHA256: es.digest(tagFileSHA256),
		Time:   es.time(tagFileTime),
		Path:   printable([]byte(es.text(tagFilePath))),
	}
	switch {
	case es.err != nil:
	case f.Name != name:
		es.fail("%q came instead of %q", f.Name, name)
	case f.SHA256 != sha256.Sum256(f.Data):
		es.fail("%v is not the digest of %v", tagFileSHA256, tagFileData)
	}
	if err := c.check(typeGet, es); err != nil {
		return File{}, err
	}
	return f, nil
}

// Stage puts data, at most MaxFile bytes, beside the live file, on the node's
// disk and not yet live. expect is the digest of the live file, nil means "expect
// no such file"; another live file is a *StatusError with Conflict. The stage
// ends with COMMIT, ABORT, the connection, or after 10 minutes.
func (c *Client) Stage(ctx context.Context, name string, data []byte, expect *[32]byte) (StageID, error) {
	if err := checkName(name); err != nil {
		return StageID{}, err
	}
	if len(data) > MaxFile {
		return StageID{}, message.Errorf("%s has %d bytes, a node takes at most %d", name, len(data), MaxFile)
	}
	sum := sha256.Sum256(data)
	b := make(builder, 0, len(data)+1024)
	b.text(tagFileName, name)
	b.bytes(tagFileData, data)
	b.bytes(tagFileSHA256, sum[:])
	b.expect(expect)
	es, err := c.roundTrip(ctx, typeStage, b)
	if err != nil {
		return StageID{}, err
	}
	id := StageID(es.fixed(tagStage, len(StageID{})))
	if err := c.check(typeStage, es); err != nil {
		return StageID{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.staged[id] = sum
	return id, nil
}

// Commit makes a staged file the live one, in one step; sum is its digest as the
// node sees it. Where that is not the digest of what was staged on this connection the
// error is a *DigestError, and the live file has to be read.
func (c *Client) Commit(ctx context.Context, id StageID) (path string, sum [32]byte, err error) {
	var b builder
	b.bytes(tagStage, id[:])
	es, err := c.roundTrip(ctx, typeCommit, b)
	if err != nil {
		return "", sum, err
	}
	path = printable([]byte(es.text(tagFilePath)))
	sum = es.digest(tagFileSHA256)
	if err := c.check(typeCommit, es); err != nil {
		return "", sum, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if want, ok := c.staged[id]; ok && want != sum {
		return path, sum, &DigestError{Path: path, Want: want, Got: sum}
	}
	delete(c.staged, id)
	return path, sum, nil
}

// DigestError: a node says that it committed something else than was staged.
type DigestError struct {
	Path      string // of the live file, as the node calls it
	Want, Got [32]byte
}

// Error is Said in English.
func (e *DigestError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *DigestError) Said() error {
	return message.Errorf("the node committed another file than was staged as %s: SHA-256 %x... instead of %x...", e.Path, e.Got[:8], e.Want[:8])
}

// Hints name the next action.
func (e *DigestError) Hints() []message.Message {
	return message.Hint("read what the node serves now and compare it; look at the node's disk and its CTL Provider before anything else is put there")
}

// Abort removes a staged file. One that is gone already is a *StatusError with
// NotFound.
func (c *Client) Abort(ctx context.Context, id StageID) error {
	var b builder
	b.bytes(tagStage, id[:])
	_, err := c.roundTrip(ctx, typeAbort, b)
	return err
}

// Delete removes the live file, which stays on the node as <name>.previous.
// expect is as in Stage.
func (c *Client) Delete(ctx context.Context, name string, expect *[32]byte) (path string, err error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	var b builder
	b.text(tagFileName, name)
	b.expect(expect)
	es, err := c.roundTrip(ctx, typeDelete, b)
	if err != nil {
		return "", err
	}
	path = printable([]byte(es.text(tagFilePath)))
	return path, c.check(typeDelete, es)
}

// SetMode sets the cluster's security mode at the publisher, and returns the one
// that it has then.
func (c *Client) SetMode(ctx context.Context, mixed bool) (bool, error) {
	var b builder
	b.flag(tagSecurityMode, mixed)
	es, err := c.roundTrip(ctx, typeSetMode, b)
	if err != nil {
		return false, err
	}
	now := es.flag(tagSecurityMode)
	return now, c.check(typeSetMode, es)
}

// Close logs out, where nothing else is under way, and ends the connection; a
// request under way fails. The node removes what was staged and not committed.
func (c *Client) Close() error {
	if c.mu.TryLock() {
		if c.loggedIn && c.ended == nil {
			c.lastID++
			// The answer changes nothing: the connection ends either way.
			_, _ = c.exchange(time.Now().Add(logoutTimeout), wireMessage{typ: typeLogout, id: c.lastID})
		}
		if c.ended == nil {
			c.ended = ErrClosed
		}
		c.mu.Unlock()
	}
	err := c.conn.NetConn().Close()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// bad ends a connection whose answer cannot be read.
func (c *Client) bad(t messageType, err error) error {
	if !errors.Is(err, ErrProtocol) {
		err = protocolError("%v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end(err)
	return fmt.Errorf("%v: %w", t, err)
}

func (c *Client) check(t messageType, es *elements) error {
	if es.err == nil {
		return nil
	}
	return c.bad(t, es.err)
}

func (c *Client) end(why error) {
	if c.ended == nil {
		c.ended = why
	}
	c.conn.NetConn().Close()
}

// roundTrip sends one request and returns the elements of its answer behind
// STATUS; a status other than 0 is a *StatusError.
func (c *Client) roundTrip(ctx context.Context, t messageType, body []byte) (*elements, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended != nil {
		return nil, fmt.Errorf("%v: %w", t, closedError{c.ended})
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%v: %w", t, err)
	}
	deadline := time.Now().Add(c.timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	// Closing ends a read or a write under way; an interrupted request leaves
	// the connection of no use anyway.
	stop := context.AfterFunc(ctx, func() { c.conn.NetConn().Close() })
	c.lastID++
	f, err := c.exchange(deadline, wireMessage{typ: t, id: c.lastID, body: body})
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		err = describe(err, c.timeout)
		c.end(err)
		return nil, fmt.Errorf("%v: %w", t, err)
	}
	es, err := parse(f.body)
	if err != nil {
		c.end(err)
		return nil, fmt.Errorf("%v: %w", t, err)
	}
	status, err := c.status(t, es)
	if err != nil {
		c.end(err)
		return nil, fmt.Errorf("%v: %w", t, err)
	}
	if t == typeLogin {
		c.loggedIn = status == nil
	}
	if status != nil {
		return nil, status
	}
	es.list = es.list[1:]
	return es, nil
}

// exchange sends f and reads its answer.
func (c *Client) exchange(deadline time.Time, f wireMessage) (wireMessage, error) {
	if err := c.conn.SetDeadline(deadline); err != nil {
		return wireMessage{}, err
	}
	out := f.bytes()
	_, err := c.conn.Write(out)
	clear(out)
	if err != nil {
		return wireMessage{}, err
	}
	limit := uint32(limitBeforeLogin)
	if c.loggedIn {
		limit = limitAfterLogin
	}
	in, err := readMessage(c.conn, limit)
	switch {
	case err != nil:
		return wireMessage{}, err
	case in.id != f.id:
		return wireMessage{}, protocolError("answer to request %d, request %d was sent", in.id, f.id)
	case in.typ != f.typ.response():
		return wireMessage{}, protocolError("a %v is no answer to %v", in.typ, f.typ)
	}
	return in, nil
}

// status reads the first element of an answer; nil is OK.
func (c *Client) status(t messageType, es *elements) (*StatusError, error) {
	if len(es.list) == 0 || tag(es.list[0].Tag) != tagStatus {
		return nil, protocolError("the answer does not begin with %v", tagStatus)
	}
	s := Status(es.u16(tagStatus))
	if es.err != nil {
		return nil, protocolError("%v", es.err)
	}
	if s == OK {
		return nil, nil
	}
	e := &StatusError{Status: s, Request: t.String()}
	if v, ok := es.find(tagMessage); ok {
		e.Message = printable(v)
	}
	if v, ok := es.find(tagRetryAfter); ok && len(v) == 4 {
		e.RetryAfter = time.Duration(binary.BigEndian.Uint32(v)) * time.Second
	}
	return e, nil
}

// closedError is ErrClosed that also tells why.
type closedError struct{ why error }

func (e closedError) Error() string {
	if e.why == ErrClosed {
		return ErrClosed.Error()
	}
	return fmt.Sprintf("%v: %v", ErrClosed, e.why)
}

func (e closedError) Unwrap() []error { return []error{ErrClosed, e.why} }

func (e closedError) Is(target error) bool { return target == ErrUnreachable }

// describe puts what a connection reports into the words of ErrClosed and of
// silence.
func describe(err error, timeout time.Duration) error {
	var ne net.Error
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &ne) && ne.Timeout():
		return reach.Silent(timeout)
	case reach.IsLoss(err):
		return closedError{err}
	}
	return err
}
