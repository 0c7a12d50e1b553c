package lab

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"ctlclient/protocol/phoneweb"
)

// The web pages of the phones of a CUCM cluster: each phone has an address of its own,
// beside those of the nodes, and its page on port 80 or, where that takes rights that the
// person has not, on 8080.

const (
	firstPhone  = 100 // the last byte of the first phone's address
	maxPages    = 150 // phones with an address
	maxMessages = 10  // that a phone keeps

	firmware = "practice-1-0"
)

var pagePorts = []string{"80", "8080"}

// flash is what a phone's page tells, and what is needed to tell it.
type flash struct {
	messages []phoneweb.Message
	ctl, itl string // MD5 of the lists held when the boot began
	page     netip.AddrPort
}

// startPages opens the phones' pages. A machine that has no such addresses has phones
// without pages. Callers hold the lab's lock or are alone.
func (l *Lab) startPages() {
	base, err := netip.ParseAddr(l.publisher().Address)
	if err != nil || !l.st.CUCM || l.publisher().Address == "127.0.0.1" || l.fault(FaultNoPhoneWeb) > 0 || l.closed {
		return
	}
	at := base.As4()
	for i, p := range l.Phones[:min(len(l.Phones), maxPages)] {
		at[3] = byte(firstPhone + i)
		address := netip.AddrFrom4(at)
		listener := listenPage(address.String())
		if listener == nil {
			return
		}
		l.phones.setPage(p.Name, netip.AddrPortFrom(address, uint16(listener.Addr().(*net.TCPAddr).Port)))
		handler := phoneweb.Handler(func() (phoneweb.Content, bool) { return l.pageOf(p), true })
		server := &http.Server{ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 30 * time.Second,
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if leave, ok := l.enter(); ok {
					defer leave()
					handler.ServeHTTP(w, r)
				}
			})}
		l.pages = append(l.pages, server)
		l.tasks.Go(func() {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				l.log.printf("%s: page: %v", p.Name, err)
			}
		})
	}
}

func listenPage(address string) net.Listener {
	for _, port := range pagePorts {
		if listener, err := net.Listen("tcp", net.JoinHostPort(address, port)); err == nil {
			return listener
		}
	}
	return nil
}

// stopPages closes them. Callers hold the lab's lock or are alone.
func (l *Lab) stopPages() error {
	var errs []error
	for _, s := range l.pages {
		errs = append(errs, s.Close())
	}
	l.pages = nil
	for _, p := range l.Phones {
		l.phones.setPage(p.Name, netip.AddrPort{})
	}
	return errors.Join(errs...)
}

// pageOf is what a phone's page shows now.
func (l *Lab) pageOf(p *Phone) phoneweb.Content {
	return phoneweb.Content{
		Device:   phoneweb.Device{Name: p.Name, Model: "CP-" + p.Model, Load: firmware, Serial: "FCH" + strings.TrimPrefix(p.Name, "SEP")[4:]},
		Form:     phoneweb.FormOf(p.Model),
		Messages: l.phones.flashOf(p.Name).messages,
	}
}

// Page is where the phone's web page is; not valid where it has none.
func (p *Phone) Page() netip.AddrPort { return p.lab.phones.flashOf(p.Name).page }

// held are the checksums of the lists that a phone holds; empty: none.
func (p *Phone) held() (ctl, itl string) {
	is := p.Describe()
	if is.CTL != nil {
		ctl = is.CTL.MD5()
	}
	if is.ITL != nil {
		itl = is.ITL.MD5()
	}
	return ctl, itl
}

// statusMessages are what a phone notes of a boot, in the words of its administration
// guide; nothing of lists that stayed as they were.
func (f *flash) statusMessages(b *Boot, ctl, itl string) []string {
	gotCTL, gotITL := ctl != f.ctl, itl != f.itl
	var out []string
	switch {
	case gotCTL && gotITL && f.ctl == "" && f.itl == "":
		out = append(out, "CTL and ITL installed")
	case gotCTL && f.ctl == "":
		out = append(out, "CTL Installed")
	case gotITL && f.itl == "":
		out = append(out, "ITL installed")
	case gotCTL || gotITL:
		out = append(out, "Trust List updated")
	}
	if b.Err == nil && (!b.CTL.Accept || !b.ITL.Accept) {
		out = append(out, "Trust List update failed")
	}
	if b.CTL.Reason == notServed("CTL").String() {
		out = append(out, "File Not Found <"+ctlName+">")
	}
	if ctl == "" && itl == "" {
		out = append(out, "No Trust List installed")
	}
	return out
}
