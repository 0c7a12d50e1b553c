package certapi

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"strings"
)

// Backend is the node that a Server answers for. Its methods are called from several
// goroutines.
type Backend interface {
	// Begin is asked before each request is carried out; nil lets it. A *Refusal is
	// answered with its status code.
	Begin(Call) error

	Snapshot() Snapshot
	// Trust puts certificates, DER, into a store. Its error is answered as a refusal, in
	// its words.
	Trust(store, description string, ders [][]byte) error
}

// Call is one request.
type Call struct {
	User, Password string // of Basic authentication; empty: none came
	Method, Path   string
}

// Refusal is an answer of Begin's.
type Refusal struct {
	Code int // 401, 403, 404, 503, ...
}

func (e *Refusal) Error() string { return http.StatusText(e.Code) }

// Prefix is the path below which a Server answers.
const Prefix = base + "/"

const maxRequest = 1 << 20

// Server is the http.Handler of Prefix, in the shapes that public programs read. The
// shape of /config/options is our own: nobody published it.
type Server struct{ backend Backend }

// NewServer answers for backend.
func NewServer(backend Backend) *Server { return &Server{backend: backend} }

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := Call{Method: r.Method, Path: r.URL.Path}
	call.User, call.Password, _ = r.BasicAuth()
	if err := s.backend.Begin(call); err != nil {
		code := http.StatusInternalServerError
		if refusal, ok := errors.AsType[*Refusal](err); ok {
			code = refusal.Code
		}
		if code == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="CMPlatform Realm"`)
		}
		refuse(w, code, err.Error())
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "GET " + pathOptions:
		answer(w, http.StatusOK, map[string]any{"trackingId": "practice", "services": map[string]any{
			"identity": services(s.backend.Snapshot().Own), "trust": s.backend.Snapshot().Stores}})
	case "GET " + pathSnapshot:
		answer(w, http.StatusOK, s.snapshot())
	case "GET " + pathTrusted:
		s.trusted(w, r.URL.Query().Get("service"))
	case "POST " + pathTrust:
		s.trust(w, r)
	default:
		refuse(w, http.StatusNotFound, "there is nothing here")
	}
}

func services(certificates []Certificate) []string {
	var out []string
	for _, c := range certificates {
		out = append(out, c.Service)
	}
	return unique(out)
}

// snapshot in the shape that public programs read.
func (s *Server) snapshot() map[string]any {
	own, trusts := []map[string]any{}, []map[string]any{}
	all := s.backend.Snapshot()
	for _, c := range all.Own {
		own = append(own, map[string]any{"service": c.Service, "certificate": encode(c.DER), "csr": ""})
	}
	for _, store := range all.Stores {
		data := []map[string]any{}
		for _, c := range all.Trusted {
			if c.Service == store {
				data = append(data, map[string]any{"filename": c.File, "certificate": encode(c.DER)})
			}
		}
		trusts = append(trusts, map[string]any{"service": store, "certificate_data": data})
	}
	return map[string]any{"trackingId": "practice", "server": all.Server, "identities": own, "trusts": trusts, "revokedCertificates": []any{}}
}

func (s *Server) has(store string) bool {
	for _, name := range s.backend.Snapshot().Stores {
		if name == store {
			return true
		}
	}
	return false
}

func (s *Server) trusted(w http.ResponseWriter, store string) {
	if !s.has(store) {
		refuse(w, http.StatusBadRequest, "the service "+store+" is not known")
		return
	}
	out := []map[string]any{}
	for _, c := range s.backend.Snapshot().Trusted {
		if c.Service == store {
			out = append(out, map[string]any{"certificate": encode(c.DER)})
		}
	}
	answer(w, http.StatusOK, out)
}

func (s *Server) trust(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	var request upload
	if err != nil || json.Unmarshal(data, &request) != nil || len(request.Service) == 0 || len(request.Certificates) == 0 {
		refuse(w, http.StatusBadRequest, "the request is not understood")
		return
	}
	var ders [][]byte
	for _, text := range request.Certificates {
		der := derOf(text)
		if der == nil {
			refuse(w, http.StatusBadRequest, "the certificate is not in PEM")
			return
		}
		ders = append(ders, der)
	}
	for _, store := range request.Service {
		if !s.has(store) {
			refuse(w, http.StatusBadRequest, "the service "+store+" is not known")
			return
		}
		if err := s.backend.Trust(store, request.Description, ders); err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
	}
	answer(w, http.StatusCreated, map[string]any{"trackingId": "practice", "message": strings.Join(request.Service, ", ") + ": uploaded"})
}

func encode(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func refuse(w http.ResponseWriter, code int, message string) {
	answer(w, code, map[string]any{"trackingId": "practice", "message": message})
}

func answer(w http.ResponseWriter, code int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(body) // a client that went away is no business of ours
}
