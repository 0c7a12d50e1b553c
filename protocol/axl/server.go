package axl

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"ctlclient/protocol/internal/soap"
)

// Backend is the cluster that a Server answers for. Its methods are called from several
// goroutines.
type Backend interface {
	// Begin is asked before each request is carried out; nil lets it. A *Refusal is
	// answered with its status code, a *Fault and a *TooLargeError with Cisco's fault,
	// any other error with a fault in its words.
	Begin(Call) error

	Version() string // "14.0.1.13900-155"
	Nodes() []Node
	Services() []Service
	Mixed() bool
	Pools() []Pool
	SecurityByDefault() []Feature
	Certificates() []Certificate
	Phones(skip, first int) (page []Phone, total int) // first < 0: all
	ResetPhone(name string, kind ResetKind) error     // its error is answered as Begin's
}

// Call is one request, Refusal an answer without SOAP.
type (
	Call    = soap.Credentials
	Refusal = soap.Refusal
)

// maxAnswer is what a Unified Communications Manager answers at most, in bytes.
const maxAnswer = 8 << 20

// Server is the http.Handler of "/axl/". Every answer validates against Cisco's schema of
// the release that the backend says it is.
type Server struct {
	// MaxAnswer is the limit beyond which Cisco's fault is answered, in bytes; 0: 8 MB.
	MaxAnswer int

	backend Backend
	front   soap.Front
}

// NewServer answers for backend.
func NewServer(backend Backend) *Server {
	s := &Server{backend: backend}
	s.front.Begin, s.front.Answer, s.front.Fault = backend.Begin, s.answer, faultOf
	return s
}

// ForgetSessions makes every cookie given so far a stale one, which is answered with
// 404, as after a restart of the service.
func (s *Server) ForgetSessions() { s.front.ForgetSessions() }

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != path {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	s.front.ServeHTTP(w, r)
}

// answer carries out an operation, unless what comes of it is longer than AXL allows.
func (s *Server) answer(name xml.Name, action string, decode func(any) error) ([]byte, error) {
	if err := s.served(name, action); err != nil {
		return nil, err
	}
	answer, err := s.carryOut(name.Local, decode)
	if err != nil {
		return nil, err
	}
	body, err := soap.Element(name.Space, name.Local+"Response", answer)
	limit := s.MaxAnswer
	if limit <= 0 {
		limit = maxAnswer
	}
	if rows := len(answer.Return.children); len(body) > limit {
		return nil, &TooLargeError{Total: max(answer.total, rows), Fetch: max(rows*limit/len(body), 1)}
	}
	return body, err
}

// served checks that this release knows the namespace, and that the SOAPAction, where
// there is one, says the same.
func (s *Server) served(name xml.Name, action string) error {
	if name.Space == discovery && name.Local == "getCCMVersion" {
		return nil
	}
	want := namespace + schemaOf(s.backend.Version())
	if name.Space != want {
		return &Fault{Words: "the namespace " + name.Space + " is not served, but " + want}
	}
	action = strings.Trim(action, `"`)
	if action != "" && action != "CUCM:DB ver="+strings.TrimPrefix(want, namespace)+" "+name.Local {
		return &Fault{Words: "the SOAPAction " + action + " is not that of the request"}
	}
	return nil
}

// codeOther is our number for a fault without one of Cisco's.
const codeOther = 5000

// faultOf says an error as Cisco's fault.
func faultOf(operation string, err error) *soap.Fault {
	words, code := err.Error(), codeOther
	if large, ok := errors.AsType[*TooLargeError](err); ok {
		words, code = fmt.Sprintf("Query request too large. Total rows matched: %d rows. Suggestive Row Fetch: less than %d rows", large.Total, large.Fetch), 0
	}
	if fault, ok := errors.AsType[*Fault](err); ok {
		words = fault.Words
		if fault.Code != 0 {
			code = fault.Code
		}
	}
	return &soap.Fault{String: words, AXL: code, Message: words, Request: operation}
}
