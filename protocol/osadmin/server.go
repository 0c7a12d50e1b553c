package osadmin

import (
	"crypto/rand"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Backend is the node that a Server answers for. Its methods are called from several
// goroutines.
type Backend interface {
	Login(user, password string) bool
	Files() []string // in the folder of TFTP, by name
	// Put and Delete change the folder; an error is shown on the page.
	Put(name string, data []byte) error
	Delete(name string) error
}

// Prefix is the path below which a Server answers.
const Prefix = pathHome

const (
	serverCookie = "JSESSIONID"
	pathList     = "/cmplatform/tftpFileFindList.do" // our own name for it
	pathHomePage = "/cmplatform/showHome.do"

	maxSessions = 50
)

// Server is the http.Handler of Prefix: the pages of OS Administration that matter here.
// Their words and the list of files are our own; names of fields, addresses and tokens
// are those of a node.
type Server struct {
	// Old is a node before 11: another address for the login, and no tokens.
	Old bool
	// Garbled answers an upload with a page that says nothing, and keeps the file all the
	// same or not, as Put says.
	Garbled bool

	backend Backend

	mu       sync.Mutex
	sessions map[string]string // cookie -> the token of its last page
}

// NewServer answers for backend.
func NewServer(backend Backend) *Server {
	return &Server{backend: backend, sessions: map[string]string{}}
}

// ForgetSessions logs everybody out.
func (s *Server) ForgetSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions)
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	login := pathLogin
	if s.Old {
		login = pathLogin8
	}
	if r.URL.Path == login && r.Method == http.MethodPost {
		s.login(w, r)
		return
	}
	if strings.HasSuffix(r.URL.Path, "/j_security_check") {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	session, ok := s.session(r)
	if !ok {
		s.show(w, "Cisco Unified Operating System Administration", s.loginForm(login))
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "GET " + pathHome, "GET " + strings.TrimSuffix(pathHome, "/"), "GET " + pathHomePage:
		s.show(w, "Cisco Unified Operating System Administration", `<script>menu("TFTP File Management", "`+strings.TrimPrefix(pathList, pathHome)+`")</script>`)
	case "GET " + pathUpload:
		s.show(w, "Upload File", s.uploadForm(session, ""))
	case "POST " + pathUpload:
		s.upload(w, r, session)
	case "GET " + pathList:
		s.show(w, "TFTP File Management", s.list(session, ""))
	case "POST " + pathList:
		s.remove(w, r, session)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (s *Server) session(r *http.Request) (string, bool) {
	c, err := r.Cookie(serverCookie)
	if err != nil {
		return "", false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.sessions[c.Value]
	return c.Value, ok
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil || !s.backend.Login(r.PostForm.Get(fieldUser), r.PostForm.Get(fieldPassword)) {
		s.show(w, "Cisco Unified Operating System Administration", "<p>Status: Log on failed - Invalid User ID or Password</p>"+s.loginForm(r.URL.Path))
		return
	}
	id := rand.Text()
	s.mu.Lock()
	if len(s.sessions) >= maxSessions {
		clear(s.sessions)
	}
	s.sessions[id] = ""
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: serverCookie, Value: id, Path: strings.TrimSuffix(pathHome, "/"), Secure: true, HttpOnly: true})
	http.Redirect(w, r, pathHomePage, http.StatusFound)
}

func (s *Server) loginForm(action string) string {
	return `<form method="post" action="` + action + `"><input type="hidden" name="appNav" value="cmplatform">
<table><tr><td>Username</td><td><input type="text" name="j_username"></td></tr>
<tr><td>Password</td><td><input type="password" name="j_password"></td></tr></table>
<input type="submit" value="Login"></form>`
}

// newToken makes the token of a session's next page.
func (s *Server) newToken(session string) string {
	token := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.sessions[session]; ok {
		s.sessions[session] = token
	}
	return token
}

// takeToken: the form was that of the session's last page, and is sent once.
func (s *Server) takeToken(session, token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	want := s.sessions[session]
	s.sessions[session] = ""
	return s.Old || token != "" && token == want
}

func (s *Server) hidden(session string) string {
	if s.Old {
		return ""
	}
	return `<input type="hidden" name="struts.token.name" value="token"><input type="hidden" name="token" value="` + s.newToken(session) + `">`
}

func (s *Server) uploadForm(session, status string) string {
	return statusOf(status) + `<form method="post" enctype="multipart/form-data" action="` + pathUpload + `">` + s.hidden(session) + `
<table><tr><td>File</td><td><input type="file" name="file"></td></tr>
<tr><td>Directory</td><td><input type="text" name="directory" value=""></td></tr></table>
<input type="submit" name="uploadFile" value="Upload File"></form>`
}

func statusOf(text string) string {
	if text == "" {
		return "<p>Status: Ready</p>"
	}
	return "<p>Status: " + html.EscapeString(text) + "</p>"
}

func (s *Server) upload(w http.ResponseWriter, r *http.Request, session string) {
	r.Body = http.MaxBytesReader(w, r.Body, MaxFile+maxPage)
	name, data, err := s.sent(r, session)
	if err == nil {
		err = s.backend.Put(name, data)
	}
	switch {
	case s.Garbled:
		s.show(w, "", "<div></div>")
	case err != nil:
		s.show(w, "Upload File", s.uploadForm(session, "Error: "+err.Error()))
	default:
		s.show(w, "Upload File", s.uploadForm(session, "Success: File "+name+" uploaded"))
	}
}

// sent is the file of an upload.
func (s *Server) sent(r *http.Request, session string) (string, []byte, error) {
	if err := r.ParseMultipartForm(MaxFile); err != nil {
		return "", nil, errors.New("the form is not understood")
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }() // nothing of it is on disk below MaxFile
	if !s.takeToken(session, r.FormValue(r.FormValue("struts.token.name"))) {
		return "", nil, errors.New("the page was sent twice, or is out of date")
	}
	if folder := r.FormValue("directory"); folder != "" && folder != "." {
		return "", nil, errors.New("the directory is not allowed")
	}
	f, header, err := r.FormFile("file")
	if err != nil {
		return "", nil, errors.New("no file was chosen")
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err == nil && !fileName.MatchString(header.Filename) {
		err = errors.New("the file name is invalid")
	}
	return header.Filename, data, err
}

func (s *Server) list(session, status string) string {
	var b strings.Builder
	b.WriteString(statusOf(status) + `<form method="post" action="` + pathList + `">` + s.hidden(session) + "<table>")
	for i, name := range s.backend.Files() {
		fmt.Fprintf(&b, `<tr><td><input type="checkbox" name="selected" value="%d"></td><td>%s</td></tr>`+"\n", i, html.EscapeString(name))
	}
	b.WriteString(`</table><input type="submit" name="deleteSelected" value="Delete Selected"></form>`)
	return b.String()
}

func (s *Server) remove(w http.ResponseWriter, r *http.Request, session string) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	status := "Error: nothing was selected"
	if err := r.ParseForm(); err == nil && r.PostForm.Get("deleteSelected") != "" && s.takeToken(session, r.PostForm.Get(fieldToken)) {
		names := s.backend.Files()
		for i, name := range slices.Clone(names) {
			if !slices.Contains(r.PostForm["selected"], fmt.Sprint(i)) {
				continue
			}
			status = "Success: File " + name + " deleted"
			if err := s.backend.Delete(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				status = "Error: " + err.Error()
			}
		}
	}
	s.show(w, "TFTP File Management", s.list(session, status))
}

func (s *Server) show(w http.ResponseWriter, title, body string) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, "<!DOCTYPE html><html><head><title>"+title+"</title></head><body><h1>"+title+"</h1>\n"+body+"\n</body></html>\n") // a client that went away is no business of ours
}
