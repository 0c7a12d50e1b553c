package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"

	"ctlclient/message"
	"ctlclient/trust"
)

// directoriesPath is where a node answers a phone's Directories button.
const directoriesPath = "/ccmcip/xmldirectory.jsp"

// httpsServer is a node's Tomcat: what it serves does not matter, the certificate that
// it shows does.
type httpsServer struct{ http.Server }

func (s *httpsServer) Serve(l net.Listener) error { return s.ServeTLS(l, "", "") }

func (n *Node) newHTTPS() *httpsServer {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+directoriesPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		_, _ = io.WriteString(w, "<CiscoIPPhoneMenu><Prompt>Directories</Prompt></CiscoIPPhoneMenu>\n") // the phone may hang up
	})
	if n.lab.st.CUCM {
		cucm{n}.handle(mux)
	}
	return &httpsServer{http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       30 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // phones that refuse the certificate hang up
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			p, err := n.pair(certTomcat)
			if err != nil {
				return nil, err
			}
			c := p.tls()
			return &c, nil
		}},
	}}
}

// Page is what became of a press of the Directories button.
type Page struct {
	URL     string
	Verdict trust.Verdict
	// Remembered: the phone had asked TVS within the time that the answer holds
	// (86,400 s), and did not ask again.
	Remembered bool
}

// errRefused ends a connection to a server that the phone does not believe.
var errRefused = message.NewError("the phone refused the certificate")

// Directories presses the Directories button of a phone: it opens an HTTPS connection
// to the first node of its group, whose Tomcat certificate is in no list that it holds,
// and asks TVS (Security By Default, "Phone contacts TVS for unknown certificate").
func (l *Lab) Directories(ctx context.Context, phone string) (Page, error) {
	p, err := l.Phone(phone)
	if err != nil {
		return Page{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	n := l.group(p.Name)[0]
	server := hostPort(n.Address, n.Ports().HTTPS)
	page := Page{URL: "https://" + server + directoriesPath}
	if p.asker == nil {
		p.asker = newAsker(p)
	}
	asked := p.asker.asked
	dialer := &tls.Dialer{Config: &tls.Config{
		InsecureSkipVerify: true, // the phone has its own way, which follows
		VerifyConnection: func(s tls.ConnectionState) error {
			page.Verdict = trust.Assess(ctx, p.Describe(), trust.Offer{HTTPS: s.PeerCertificates[0].Raw}, p.asker)
			if !page.Verdict.Accept {
				return errRefused
			}
			return nil
		},
	}}
	conn, err := dialer.DialContext(ctx, "tcp", server)
	if err != nil && !errors.Is(err, errRefused) {
		return page, fmt.Errorf("%s: %w", page.URL, err)
	}
	if conn != nil {
		if err := conn.Close(); err != nil {
			return page, err
		}
	}
	page.Remembered = page.Verdict.ByTVS && p.asker.asked == asked
	if page.Remembered {
		page.Verdict.Console = nil
	}
	l.log.printf("%s: %s: accepted %s", p.Name, page.URL, strconv.FormatBool(page.Verdict.Accept))
	return page, p.writeConsole(page.Verdict.Console)
}
