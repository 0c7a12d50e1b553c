package axl

import (
	"crypto/rand"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

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

// Call is one request.
type Call struct {
	User, Password string // of Basic authentication; empty: none came
	Operation      string // "listPhone"
}

// Refusal is an answer without SOAP.
type Refusal struct {
	Code       int           // 401, 403, 404, 503, ...
	RetryAfter time.Duration // told where it is not 0
}

func (e *Refusal) Error() string { return fmt.Sprintf("refused with %d", e.Code) }

const (
	// maxAnswer is what a Unified Communications Manager answers at most, in bytes.
	maxAnswer = 8 << 20

	maxRequest = 1 << 20
	cookie     = "JSESSIONIDSSO"
)

// Server is the http.Handler of "/axl/". Every answer validates against Cisco's schema of
// the release that the backend says it is.
type Server struct {
	// MaxAnswer is the limit beyond which Cisco's fault is answered, in bytes; 0: 8 MB.
	MaxAnswer int

	backend Backend

	mu       sync.Mutex
	sessions map[string]bool
}

// NewServer answers for backend.
func NewServer(backend Backend) *Server {
	return &Server{backend: backend, sessions: map[string]bool{}}
}

// ForgetSessions makes every cookie given so far a stale one, which is answered with
// 404, as after a restart of the service.
func (s *Server) ForgetSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions)
}

// maxSessions bounds what is remembered of clients that come without their cookie.
const maxSessions = 1000

// session says whether the request may go on: it has a cookie of ours, or none, and then
// it gets one.
func (s *Server) session(w http.ResponseWriter, r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, err := r.Cookie(cookie); err == nil {
		return s.sessions[c.Value]
	}
	if len(s.sessions) >= maxSessions {
		clear(s.sessions)
	}
	id := rand.Text()
	s.sessions[id] = true
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: id, Path: "/", Secure: true, HttpOnly: true})
	return true
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != path || !s.session(w, r) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if r.Method != http.MethodPost {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	name, decode, err := soap.Request(data)
	if err != nil {
		s.fault(w, "", err)
		return
	}
	call := Call{Operation: name.Local}
	call.User, call.Password, _ = r.BasicAuth()
	if err := s.backend.Begin(call); err != nil {
		s.fault(w, name.Local, err)
		return
	}
	if err := s.served(name, r.Header.Get("SOAPAction")); err != nil {
		s.fault(w, name.Local, err)
		return
	}
	answer, err := s.carryOut(name.Local, decode)
	if err != nil {
		s.fault(w, name.Local, err)
		return
	}
	body, err := soap.Element(name.Space, name.Local+"Response", answer)
	if err != nil {
		s.fault(w, name.Local, err)
		return
	}
	s.write(w, name.Local, answer, soap.Envelope(body))
}

// write answers, unless the answer is longer than AXL allows.
func (s *Server) write(w http.ResponseWriter, operation string, answer result, body []byte) {
	limit := s.MaxAnswer
	if limit <= 0 {
		limit = maxAnswer
	}
	if len(body) > limit {
		rows := len(answer.Return.children)
		s.fault(w, operation, &TooLargeError{Total: max(answer.total, rows), Fetch: max(rows*limit/len(body), 1)})
		return
	}
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	_, _ = w.Write(body) // a client that went away is no business of ours
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

// faultBody is a fault in the shape that a Unified Communications Manager gives it.
type faultBody struct {
	Code   string `xml:"faultcode"`
	String string `xml:"faultstring"`
	Detail struct {
		Code    int    `xml:"axlcode"`
		Message string `xml:"axlmessage"`
		Request string `xml:"request"`
	} `xml:"detail>axlError"`
}

// codeOther is our number for a fault without one of Cisco's.
const codeOther = 5000

func (s *Server) fault(w http.ResponseWriter, operation string, err error) {
	var (
		refusal *Refusal
		fault   *Fault
		large   *TooLargeError
		f       faultBody
	)
	f.Code, f.String, f.Detail.Code = "soapenv:Server", err.Error(), codeOther
	switch {
	case errors.As(err, &refusal):
		if refusal.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(refusal.RetryAfter/time.Second)))
		}
		if refusal.Code == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="Cisco Web Services Realm"`)
		}
		w.WriteHeader(refusal.Code)
		return
	case errors.As(err, &large):
		f.Detail.Code = 0
		f.String = fmt.Sprintf("Query request too large. Total rows matched: %d rows. Suggestive Row Fetch: less than %d rows", large.Total, large.Fetch)
	case errors.As(err, &fault):
		f.String = fault.Words
		if fault.Code != 0 {
			f.Detail.Code = fault.Code
		}
	}
	f.Detail.Message, f.Detail.Request = f.String, operation
	body, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"soapenv:Fault"`
		faultBody
	}{faultBody: f})
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = w.Write(soap.Envelope(body)) // a client that went away is no business of ours
}
