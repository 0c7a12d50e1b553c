// Package osadmin puts files into the folder that a node's TFTP service serves, by the
// page that Cisco gives for it: OS Administration, Software Upgrades, TFTP File Management
// (HTML over HTTPS on port 8443, the platform account). It answers for such a node in the
// practice cluster.
//
// The page is made for people, and Cisco describes it as people see it. The way of a file
// through it was taken from public programs; for deleting there is none, so the page is
// read as a browser would read it. No document says whether it takes a file named
// CTLFile.tlv.
//
// What always holds:
//
//   - The server's certificate is judged before anything is sent, the password asked for
//     after that, once; one that was refused is not sent again.
//   - What a page says is shown and never believed: an [Answer] is not a file on a node.
//     Whether the file is there, the caller finds out by reading it back.
//   - A page that is not understood is a *[PageError] with its words; nothing is clicked
//     that was not looked for by name.
//
// A Client does one thing at a time; calls from several goroutines wait for each other.
package osadmin

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"sync"

	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
	"ctlclient/protocol/internal/pinned"
)

const (
	// Port of OS Administration; 443 leads there too.
	Port = 8443

	// MaxFile bounds a file that is uploaded, in bytes.
	MaxFile = 16 << 20

	pathHome   = "/cmplatform/"
	pathLogin  = "/cmplatform/j_security_check"
	pathLogin8 = "/cmplatform/WEB-INF/pages/j_security_check" // before 11
	pathUpload = "/cmplatform/tftpFileUpload.do"

	fieldUser, fieldPassword = "j_username", "j_password"
	fieldToken               = "token"

	maxPage = 2 << 20 // bytes of a page
)

// What is shared with the other interfaces on port 8443.
type (
	Options     = pinned.Options
	StatusError = pinned.StatusError
)

// What a caller decides by, found by errors.Is.
var (
	ErrLogin    = pinned.ErrLogin    // the account was refused
	ErrBusy     = pinned.ErrBusy     // too often
	ErrTooLarge = pinned.ErrTooLarge // an answer beyond our own limit
)

var hints = map[int]message.Message{
	http.StatusNotFound: message.Phrase("OS Administration (Cisco Tomcat) does not answer as it does on a CUCM node"),
}

// LoginError: the page wants the login again after the password was sent. It is ErrLogin.
type LoginError struct {
	User, Addr string
	Text       string // what the page says, on one line
}

// Error is Said in English.
func (e *LoginError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *LoginError) Said() error {
	return message.Errorf("OS Administration at %s refused the user %q", e.Addr, e.User)
}

func (e *LoginError) Is(target error) bool { return target == ErrLogin }

// Hints name the next action.
func (e *LoginError) Hints() []message.Message {
	return append(said(e.Text), message.Phrase("this is the platform account, the one of OS Administration and the CLI; the password is not sent again, because further attempts may lock the account"))
}

// PageError: a page that is not understood.
type PageError struct {
	What string // what was looked for, and not found
	Text string // what the page says, on one line
}

// Error is Said in English.
func (e *PageError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *PageError) Said() error {
	return message.Errorf("a page of OS Administration is not understood: %s", e.What)
}

// Hints show the page's words.
func (e *PageError) Hints() []message.Message { return said(e.Text) }

// RefusedError: the page says that it does not take this file. Only reading back tells
// whether that is so.
type RefusedError struct {
	Name string
	Text string // what the page says, on one line
}

// Error is Said in English.
func (e *RefusedError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *RefusedError) Said() error {
	return message.Errorf("the upload page says that it does not take the file %s", e.Name)
}

// Hints show the page's words.
func (e *RefusedError) Hints() []message.Message { return said(e.Text) }

func said(text string) []message.Message {
	if text == "" {
		return nil
	}
	return message.Hint("the page says: %s", text)
}

// Answer is what a page said after a file was sent or deleted.
type Answer struct {
	Text string // its words, on one line, at most 400 bytes
	Good bool   // it speaks of success, and of nothing else
}

// Client is one person at one node's pages.
type Client struct {
	http *pinned.Client
	user string
	ask  func(ctx context.Context) ([]byte, error)

	mu       sync.Mutex
	password []byte // a copy, kept for another login when the session ends; wiped by Close
	loggedIn bool
	refused  error // why the account is not used any more
}

// New makes a client of the node at addr (host:port). Nothing is sent yet.
func New(addr string, o Options) (*Client, error) {
	if o.User == "" || o.Password == nil {
		return nil, message.NewError("no user, or no password for it")
	}
	c := &Client{user: o.User, ask: o.Password}
	o.User, o.Password = "", nil // the login is a form
	var err error
	if c.http, err = pinned.New("OS Administration", addr, o); err != nil {
		return nil, err
	}
	c.http.Hints = hints
	return c, nil
}

// Close ends the connections and wipes the password.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.password)
	if c.refused == nil {
		c.refused = fs.ErrClosed
	}
	return c.http.Close()
}

// Login logs in and opens the upload page: whether the account is right, and whether the
// page is as expected. Nothing is changed.
func (c *Client) Login(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.uploadPage(ctx)
	return err
}

// fileName is a file in the folder itself.
var fileName = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// Upload sends a file for the node's TFTP folder; one of its name is replaced. On other
// nodes nothing changes, and the TFTP service may serve the former file until it is
// restarted. A *RefusedError is what the page says; so is an Answer. When the connection
// broke or the page is not understood, the file may be there all the same.
func (c *Client) Upload(ctx context.Context, name string, data []byte) (*Answer, error) {
	if !fileName.MatchString(name) || len(data) > MaxFile {
		return nil, message.Errorf("%.100q of %d bytes cannot be uploaded", name, len(data))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.uploadPage(ctx)
	if err != nil {
		return nil, err
	}
	body, kind, err := form(name, data, p.token)
	if err != nil {
		return nil, err
	}
	p, err = c.fetch(ctx, pinned.Request{Method: http.MethodPost, Path: pathUpload, Body: body, Header: http.Header{"Content-Type": {kind}}})
	if err != nil {
		return nil, err
	}
	if p.login {
		c.loggedIn = false
		return nil, &PageError{What: "the session ended while the file was sent; read back whether it is there", Text: p.text}
	}
	return p.answer(name)
}

// form is the body of the upload.
func form(name string, data []byte, token string) (body []byte, kind string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	var errs []error
	if token != "" {
		errs = append(errs, w.WriteField("struts.token.name", fieldToken), w.WriteField(fieldToken, token))
	}
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="` + name + `"`}, // no quotes are in it
		"Content-Type":        {"application/octet-stream"},
	})
	if err != nil {
		return nil, "", err
	}
	_, err = part.Write(data)
	// The folder, below that of TFTP: the folder itself.
	errs = append(errs, err, w.WriteField("directory", "."), w.Close())
	return b.Bytes(), w.FormDataContentType(), errors.Join(errs...)
}

// uploadPage opens the upload page, logging in where that is needed. mu is held.
func (c *Client) uploadPage(ctx context.Context) (*page, error) {
	if c.refused != nil {
		return nil, c.refused
	}
	fresh := false
	if !c.loggedIn {
		if err := c.login(ctx); err != nil {
			return nil, err
		}
		fresh = true
	}
	p, err := c.fetch(ctx, pinned.Request{Path: pathUpload})
	if err != nil {
		return nil, err
	}
	if p.login && !fresh { // the session ended
		if err := c.login(ctx); err != nil {
			return nil, err
		}
		if p, err = c.fetch(ctx, pinned.Request{Path: pathUpload}); err != nil {
			return nil, err
		}
	}
	switch {
	case p.login:
		c.loggedIn = false
		c.refused = &LoginError{User: c.user, Addr: c.http.Addr(), Text: p.text}
		clear(c.password)
		return nil, c.refused
	case !p.takesFile && p.token == "":
		return nil, &PageError{What: "no form for a file: not logged in, or asked too often", Text: p.text}
	}
	return p, nil
}

// login sends the form of the login page, once. Whether it was right shows the next page.
func (c *Client) login(ctx context.Context) error {
	c.http.ForgetCookies()
	p, err := c.fetch(ctx, pinned.Request{Path: pathHome}) // also: the server is the right one
	if err != nil {
		return err
	}
	if c.password == nil {
		password, err := c.ask(ctx)
		if err != nil {
			return err
		}
		c.password = bytes.Clone(password)
	}
	where := pathLogin
	if p.loginPath != "" {
		where = p.loginPath
	}
	err = c.post(ctx, where)
	if errors.Is(err, fs.ErrNotExist) && where == pathLogin {
		err = c.post(ctx, pathLogin8) // the password was judged by nobody yet
	}
	if err != nil {
		return err
	}
	c.loggedIn = true
	return nil
}

func (c *Client) post(ctx context.Context, where string) error {
	body := []byte(url.Values{"appNav": {"cmplatform"}, fieldUser: {c.user}, fieldPassword: {string(c.password)}}.Encode())
	defer clear(body)
	_, err := c.http.Do(ctx, pinned.Request{Method: http.MethodPost, Path: where, Body: body, MaxBody: maxPage,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}})
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var status *StatusError
	if errors.As(err, &status) && (status.Code == http.StatusUnauthorized || status.Code == http.StatusForbidden) {
		c.refused = &LoginError{User: c.user, Addr: c.http.Addr()}
		return c.refused
	}
	return err
}

// fetch asks for a page and reads it.
func (c *Client) fetch(ctx context.Context, q pinned.Request) (*page, error) {
	q.MaxBody = maxPage
	answer, err := c.http.Do(ctx, q)
	if err != nil {
		return nil, err
	}
	return parsePage(answer.Body, answer.URL)
}
