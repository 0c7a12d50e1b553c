// Package certapi is the certificate management REST API of a node of 14 and later (JSON
// over HTTPS on port 8443, the platform account by Basic authentication), and its answer
// in the practice cluster. It says which certificates the node's stores hold, and puts
// certificates into a store of trusted ones.
//
// Cisco does not publish the format. What is used here was taken from public programs
// that ask for "tomcat"; how a node spells another store is read from the node's own
// answers ([Client.PhoneSAST]), never guessed. What an answer holds beyond that is left
// alone.
//
// What always holds: the server's certificate is judged before anything is sent; a
// password that was refused is not sent again; an answer is bounded before it is read; an
// upload is believed only when it is read back ([Client.Trusted]), which the caller does.
//
// A Client may be used by several goroutines.
package certapi

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"ctlclient/message"
	"ctlclient/protocol/internal/pinned"
)

const (
	// Port of the API.
	Port = 8443

	// Oldest is the first release that has it.
	Oldest = "14"

	base         = "/platformcom/api/v1/certmgr/config"
	pathOptions  = base + "/options"
	pathSnapshot = base + "/snapshot/server"
	pathTrusted  = base + "/trust/certificate"
	pathTrust    = base + "/trust/certificates"

	// maxCertificate bounds a certificate that is sent, in bytes of DER: RSA of 4096 bits
	// with room to spare.
	maxCertificate = 16 << 10
	maxMessage     = 400 // bytes of the server's words in an error
)

// What is shared with the other interfaces on port 8443.
type (
	Options     = pinned.Options
	StatusError = pinned.StatusError
)

// What a caller decides by, found by errors.Is.
var (
	ErrLogin     = pinned.ErrLogin     // the account was refused
	ErrForbidden = pinned.ErrForbidden // the account may not
	ErrBusy      = pinned.ErrBusy      // too often
	ErrTooLarge  = pinned.ErrTooLarge  // an answer beyond our own limit

	// ErrTooOld: the node does not have this API, as no release before 14 does.
	ErrTooOld = message.NewError("the node has no certificate REST API: it is older than CUCM 14")
	// ErrMalformed: an answer that is not understood.
	ErrMalformed = message.NewError("the answer is not understood")
)

var hints = map[int]message.Message{
	http.StatusUnauthorized: message.Phrase("this is the platform account, the one of OS Administration and the CLI; the password is not sent again, because further attempts may lock the account"),
	http.StatusForbidden:    message.Phrase("the platform account needs privilege level 4 to change certificates"),
}

// StoreError: the node names no store that could be the one wanted.
type StoreError struct {
	Want  string
	Named []string // the stores that it names
}

// Error is Said in English.
func (e *StoreError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *StoreError) Said() error {
	return message.Errorf("the certificate REST API names no store %s", e.Want)
}

// Hints name the next action.
func (e *StoreError) Hints() []message.Message {
	hints := message.Hint("put the certificate there with the CLI command `set cert import trust`, or by hand: OS Administration, Security, Certificate Management, Upload Certificate")
	if len(e.Named) > 0 {
		hints = append(message.Hint("it names: %s", strings.Join(e.Named, ", ")), hints...)
	}
	return hints
}

// RefusedError: the node did not take a certificate.
type RefusedError struct {
	Code    int
	Message string // the node's words, at most 400 bytes; may be empty
	Err     error
}

// Error is Said in English.
func (e *RefusedError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *RefusedError) Said() error {
	if e.Message == "" {
		return message.Errorf("the certificate REST API refused the upload with %d", e.Code)
	}
	return message.Errorf("the certificate REST API refused the upload with %d: %s", e.Code, e.Message)
}

func (e *RefusedError) Unwrap() error { return e.Err }

// Client asks one node.
type Client struct{ http *pinned.Client }

// New makes a client of the node at addr (host:port). Nothing is sent yet.
func New(addr string, o Options) (*Client, error) {
	c, err := pinned.New("certificate REST API", addr, o)
	if err != nil {
		return nil, err
	}
	c.Hints = hints
	return &Client{http: c}, nil
}

// Close ends the connections and wipes the password.
func (c *Client) Close() error { return c.http.Close() }

func (c *Client) get(ctx context.Context, path string) ([]byte, error) {
	answer, err := c.http.Do(ctx, pinned.Request{Path: path, Header: http.Header{"Accept": {"application/json"}}})
	if err != nil {
		return nil, err
	}
	return answer.Body, nil
}

// tooOld says what a missing page means where every release with the API has it.
func tooOld(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w (%w)", ErrTooOld, err)
	}
	return err
}

// Choices are the words that a node offers for its services and stores.
type Choices struct {
	Stores []string // of trusted certificates
	Words  []string // every word in the answer
}

// Choices asks what may be asked for. A node without the API is ErrTooOld.
func (c *Client) Choices(ctx context.Context) (*Choices, error) {
	body, err := c.get(ctx, pathOptions)
	if err != nil {
		return nil, tooOld(err)
	}
	return ParseChoices(body)
}

// Certificate is one that a node holds.
type Certificate struct {
	Service string // the service or store, as the node spells it
	File    string // of a trusted one: its name; may be empty
	DER     []byte
}

// Snapshot is what a node holds.
type Snapshot struct {
	Server  string // as the node names itself; may be empty
	Own     []Certificate
	Trusted []Certificate
	Stores  []string // of trusted certificates, those without one included
}

// Snapshot asks for all of a node's certificates. A node without the API is ErrTooOld.
func (c *Client) Snapshot(ctx context.Context) (*Snapshot, error) {
	body, err := c.get(ctx, pathSnapshot)
	if err != nil {
		return nil, tooOld(err)
	}
	return ParseSnapshot(body)
}

// PhoneSAST is how this node spells the store Phone-SAST-trust. Without such a store the
// error is a *StoreError, without the API ErrTooOld.
func (c *Client) PhoneSAST(ctx context.Context) (string, error) {
	snapshot, err := c.Snapshot(ctx)
	if err != nil {
		return "", err
	}
	if name := phoneSAST(snapshot.Stores); name != "" {
		return name, nil
	}
	choices, err := c.Choices(ctx)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	named := snapshot.Stores
	if choices != nil {
		for _, words := range [][]string{choices.Stores, choices.Words} {
			if name := phoneSAST(words); name != "" {
				return name, nil
			}
		}
		named = append(named, choices.Stores...)
	}
	return "", &StoreError{Want: "Phone-SAST-trust", Named: unique(named)}
}

// phoneSAST finds the one word that can only mean this store, with "trust" in it before
// without; empty: none, or several of one kind.
func phoneSAST(words []string) string {
	for _, want := range []string{"phonesasttrust", "phonesast"} {
		var found []string
		for _, w := range unique(words) {
			if fold(w) == want {
				found = append(found, w)
			}
		}
		if len(found) == 1 {
			return found[0]
		}
	}
	return ""
}

// fold takes a word to its letters and digits, in lower case.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return -1
	}, s)
}

// Trusted lists the certificates of a store, named as the node spells it.
func (c *Client) Trusted(ctx context.Context, store string) ([]Certificate, error) {
	body, err := c.get(ctx, pathTrusted+"?"+url.Values{"service": {store}}.Encode())
	if err != nil {
		return nil, err
	}
	ders, err := ParseTrusted(body)
	if err != nil {
		return nil, err
	}
	var out []Certificate
	for _, der := range ders {
		out = append(out, Certificate{Service: store, DER: der})
	}
	return out, nil
}

// Trust puts certificates, DER, into a store, named as the node spells it: the cluster
// copies it to all nodes. nil says that the node accepted them; whether they are there
// tells Trusted. A refusal is a *RefusedError.
func (c *Client) Trust(ctx context.Context, store, description string, ders ...[]byte) error {
	request := upload{Service: []string{store}, Description: description}
	for _, der := range ders {
		if len(der) == 0 || len(der) > maxCertificate {
			return message.Errorf("a certificate of %d bytes cannot be sent", len(der))
		}
		request.Certificates = append(request.Certificates, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	}
	if store == "" || len(ders) == 0 {
		return message.NewError("no store, or no certificate to put there")
	}
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	answer, err := c.http.Do(ctx, pinned.Request{Method: http.MethodPost, Path: pathTrust, Body: body,
		Header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}})
	switch {
	case answer == nil:
		return err
	case answer.Code == http.StatusOK, answer.Code == http.StatusCreated:
		return nil
	case errors.Is(err, ErrLogin), errors.Is(err, ErrForbidden), errors.Is(err, ErrBusy):
		return err
	}
	return &RefusedError{Code: answer.Code, Message: words(answer.Body), Err: err}
}

// upload is the body of Trust.
type upload struct {
	Service      []string `json:"service"`
	Certificates []string `json:"certificates"`
	Description  string   `json:"description"`
}
