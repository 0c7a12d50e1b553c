package phoneweb

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"ctlclient/message"
	"ctlclient/protocol/internal/reach"
)

var (
	at     = time.Date(2015, 3, 9, 10, 32, 15, 0, time.UTC)
	phone  = Device{Name: "SEP0011215A1AE3", Model: "CP-8845", Load: "sip8845_65.14-3-1-0201-246", Serial: "PUC193808O5"}
	mesgs  = []Message{{at.Add(-time.Minute), "SEP0011215A1AE3.cnf.xml.sgn"}, {at.Add(3 * time.Hour), "File Not Found <CTLFile.tlv>"}, {at, "Trust List updated"}}
	texts  = []string{"SEP0011215A1AE3.cnf.xml.sgn", "File Not Found <CTLFile.tlv>", "Trust List updated"}
	others = map[Form][]string{
		FormDate:     {"10:31:15am 03/09/15", "1:32:15pm 03/09/15", "10:32:15am 03/09/15"},
		FormClock:    {"10:31:15a", "1:32:15p", "10:32:15a"},
		FormBrackets: {"10:31:15a 03/09/15", "1:32:15p 03/09/15", "10:32:15a 03/09/15"},
		FormScript:   {"10:31:15a 03/09/15", "1:32:15p 03/09/15", "10:32:15a 03/09/15"},
	}
)

func entries(times, texts []string) (list []Entry) {
	for i := range times {
		list = append(list, Entry{times[i], texts[i]})
	}
	return list
}

// serve gives the address of a page, and how to ask for it.
func serve(t *testing.T, handler http.Handler, tls bool) (host string, o Options) {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	if tls {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	a := s.Listener.Addr().(*net.TCPAddr)
	if tls {
		return a.IP.String(), Options{HTTPPort: closedPort(t), HTTPSPort: a.Port, Timeout: 20 * time.Second}
	}
	return a.IP.String(), Options{HTTPPort: a.Port, HTTPSPort: -1, Timeout: 20 * time.Second}
}

func closedPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// The four forms are read the same, by HTTP and by HTTPS; whichever model was guessed.
func TestForms(t *testing.T) {
	for form, times := range others {
		for _, tls := range []bool{false, true} {
			c := Content{Device: phone, Form: form, Messages: mesgs}
			host, o := serve(t, Handler(func() (Content, bool) { return c, true }), tls)
			want := Page{phone, entries(times, texts)}
			if form == FormScript {
				want.Entries[1].Text = "File Not Found (CTLFile.tlv)"
			}
			for _, model := range []string{"", "Cisco 8845", "Cisco 7960", "Cisco 6921", "Cisco 7937"} {
				page, err := Read(t.Context(), host, strings.ToLower(phone.Name), model, o)
				if err != nil || !reflect.DeepEqual(page, want) {
					t.Errorf("form %d, %q: %+v, %v", form, model, page, err)
				}
			}
		}
	}
	for _, model := range []string{"CP-7940", "CP-7960", "CP-7937", "CP-6921", "CP-7962G"} {
		c := Content{Device: Device{Name: phone.Name, Model: model}, Form: FormOf(model), Messages: mesgs[2:]}
		host, o := serve(t, Handler(func() (Content, bool) { return c, true }), false)
		for _, guess := range []string{model, "Cisco 8845"} {
			page, err := Read(t.Context(), host, phone.Name, guess, o)
			if err != nil || page.Device.Model != model || len(page.Entries) != 1 || page.Entries[0].Text != "Trust List updated" {
				t.Errorf("%s as %s: %+v, %v", model, guess, page, err)
			}
		}
	}
	for model, want := range map[string]Form{"Cisco 7962": FormClock, "CP-7821": FormBrackets, "Cisco 8831": FormBrackets, "Cisco 8845": FormDate, "Cisco 6921": FormScript, "": FormDate} {
		if got := FormOf(model); got != want {
			t.Errorf("%q: form %d, want %d", model, got, want)
		}
	}
}

// Shapes of pages that real phones have.
func TestShapes(t *testing.T) {
	const menu = `<TABLE BORDER="1"><TR><td WIDTH="200"><A HREF="http://www.cisco.com"><IMG SRC="/FS/Logo.png"></A></TD><td><p><B>Status messages</B><p><B><font size="4">Cisco IP Phone CP-8845 ( SEP0011215A1AE3 )</FONT></FONT></B></TD></TR><TR><TD>&nbsp;&nbsp;<a href="x">Stream 1 </A></TD></TR>`
	for name, k := range map[string]struct {
		page string
		want []Entry
	}{
		"entities":            {menu + `<TR><TD><B>10&#58;32&#58;15am 03&#x2F;09&#x2F;15&#10;Trust List updated</B></TD></TR>`, []Entry{{"10:32:15am 03/09/15", "Trust List updated"}}},
		"br":                  {`<td>10:32:15am 03/09/15<BR>ITL installed<br/>10:33:15am 03/09/15<BR>&#67;TL Installed</td>`, []Entry{{"10:32:15am 03/09/15", "ITL installed"}, {"10:33:15am 03/09/15", "CTL Installed"}}},
		"the text in a cell":  {`<tr><td>10:32:15a</td><td width=20></td><td>Trust List updated</td></tr>`, []Entry{{"10:32:15a", "Trust List updated"}}},
		"never closed":        {`<TABLE><TR><TD><B>10:32:15a Trust List <i>updated`, []Entry{{"10:32:15a", "Trust List updated"}}},
		"the date first":      {`<p>2015-03-09 10:32:15 Liste de confiance mise à jour`, []Entry{{"2015-03-09 10:32:15", "Liste de confiance mise à jour"}}},
		"Latin-1":             {"<p>10:32a \xe9chec", []Entry{{"10:32a", "échec"}}},
		"a time without text": {`<p>10:32:15a`, []Entry{{"10:32:15a", ""}}},
		"no messages":         {menu + `</TABLE>`, nil},
		"not a page":          {"\x00\xff\xfe", nil},
		"empty":               {"", nil},
		"what hides":          {"<p>10:32:15a a\u202eb\x1b[31m</p>", []Entry{{"10:32:15a", "a b [31m"}}},
		"a script":            {`<script>var s0 = "[10:32:15a 03/09/15] A&[10:33:15a 03/09/15] B"; var t = "[1:1:1a] C"</script>`, []Entry{{"10:32:15a 03/09/15", "A"}, {"10:33:15a 03/09/15", "B"}}},
		"styles":              {`<style>10:32:15a no</style><p>10:33:15a yes</p>`, []Entry{{"10:33:15a", "yes"}}},
		"a long one":          {"<p>10:32:15a " + strings.Repeat("ä", maxText), []Entry{{"10:32:15a", strings.Repeat("ä", maxText/2) + "..."}}},
	} {
		if got := parseEntries([]byte(k.page)); !reflect.DeepEqual(got, k.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := parseEntries([]byte(strings.Repeat("<p>10:32:15a x</p>", 2*maxEntries))); len(got) != maxEntries {
		t.Errorf("%d messages", len(got))
	}
	for name, k := range map[string]struct {
		page string
		want Device
	}{
		"8845":            {menu + `<TR><TD><TABLE><TR><TD><B> MAC address</B></TD><td width=20></TD><TD><B>0011215A1AE3</B></TD></TR><TR><TD><B> Host name</B></TD><td width=20></TD><TD><B>SEP0011215A1AE3</B></TD></TR><TR><TD><B> App load ID</B></TD><td></TD><TD><B>rootfs8845.14&#x2D;3</B></TD></TR><TR><TD><B> Version</B></TD><td></TD><TD><B>sip8845.14&#x2D;3</B></TD></TR><TR><TD><B> Model number</B></TD><td></TD><TD><B>CP&#x2D;8845</B></TD></TR></TABLE>`, Device{"SEP0011215A1AE3", "CP-8845", "sip8845.14-3", ""}},
		"by its MAC":      {`<tr><td>MAC Address:</td><td>00:11:21:5a:1a:e3</td></tr>`, Device{Name: "SEP0011215A1AE3"}},
		"by its heading":  {strings.Replace(menu, "Status messages", "Geräteinformationen", 1), Device{Name: "SEP0011215A1AE3"}},
		"a value missing": {`<tr><td>Host name</td><td></td></tr><tr><td>Serial number</td><td>X</td></tr>`, Device{Serial: "X"}},
		"of nobody":       {"<p>Log in", Device{}},
	} {
		if got := parseDevice([]byte(k.page)); got != k.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Another phone's messages are nobody's; a page that names none neither.
func TestWhosePage(t *testing.T) {
	c := Content{Device: phone, Messages: mesgs}
	host, o := serve(t, Handler(func() (Content, bool) { return c, true }), false)
	_, err := Read(t.Context(), host, "SEPFFFFFFFFFFFF", "", o)
	if e, ok := errors.AsType[*OtherPhoneError](err); !ok || *e != (OtherPhoneError{"SEPFFFFFFFFFFFF", phone.Name}) || message.Lines(e.Hints()).String() == "" {
		t.Error(err)
	}
	c.Device.Name = "printer"
	if _, err := Read(t.Context(), host, phone.Name, "", o); !errors.Is(err, ErrUnreadable) {
		t.Error(err)
	}
	host, o = serve(t, Handler(func() (Content, bool) { return c, false }), false)
	if _, err := Read(t.Context(), host, phone.Name, "", o); !errors.Is(err, ErrUnreadable) {
		t.Error(err)
	}
}

// A phone without a page, one that hangs, one that answers without end, one that leads
// elsewhere: an error each, and nothing but GET is sent.
func TestFailures(t *testing.T) {
	port := closedPort(t)
	if _, err := Read(t.Context(), "127.0.0.1", phone.Name, "", Options{HTTPPort: port, HTTPSPort: port}); err == nil {
		t.Error("a closed port was read")
	} else if _, ok := errors.AsType[*reach.Error](err); !ok {
		t.Errorf("closed: %v", err)
	}

	var asked atomic.Int32
	release := make(chan struct{})
	host, o := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1); <-release }), false)
	o.Timeout, o.HTTPSPort = 200*time.Millisecond, port
	if _, err := Read(t.Context(), host, phone.Name, "", o); !errors.Is(err, context.DeadlineExceeded) || asked.Load() != 1 {
		t.Errorf("hangs: %v, asked %d times", err, asked.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(ctx, host, phone.Name, "", o); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(release)

	host, o = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.Header.Get("Authorization") != "" {
			t.Error(r.Method, r.Header)
		}
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, "<p>10:32:15a x"); err != nil {
				return
			}
		}
	}), false)
	if _, err := Read(t.Context(), host, phone.Name, "", o); err == nil {
		t.Error("without end: no error")
	}

	away, _ := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("asked") }), false)
	host, o = serve(t, http.RedirectHandler("http://"+away+".example.invalid/", http.StatusFound), false)
	if _, err := Read(t.Context(), host, phone.Name, "", o); err == nil || !strings.Contains(err.Error(), "another host") {
		t.Error(err)
	}
	host, o = serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }), false)
	if _, err := Read(t.Context(), host, phone.Name, "", o); err == nil || !strings.Contains(err.Error(), "401") {
		t.Error(err)
	}
}

func TestHandlerTakesGetAlone(t *testing.T) {
	h := Handler(func() (Content, bool) { return Content{Device: phone}, true })
	for target, want := range map[string]int{"/": 200, "/CGI/Execute": 404, families[0].messages: 200, families[1].messages: 404} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
		if w.Code != want {
			t.Errorf("%s: %d", target, w.Code)
		}
		w = httptest.NewRecorder()
		if h.ServeHTTP(w, httptest.NewRequest("POST", target, nil)); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: %d", target, w.Code)
		}
	}
}

// FuzzPage: whatever comes, a message begins with a time and is a bounded line that no
// terminal stumbles over; and what a phone of ours says, in any form, is read as it was
// said.
func FuzzPage(f *testing.F) {
	f.Add([]byte("<TR><TD><B>10:32:15am 03/09/15\nTrust List updated</B></TD></TR>"), "Trust List updated", "SEP0011215A1AE3.cnf.xml")
	f.Add([]byte(`<script>var s0 = "[10:32:15a 03/09/15] A&B"</script>`), "&amp; <b>", "10:32:15a")
	f.Fuzz(func(t *testing.T, page []byte, a, b string) {
		for _, e := range parseEntries(page) {
			if !entryTime.MatchString(e.Time) || len(e.Text) > maxText+3 || strings.ContainsFunc(e.Time+e.Text, unicode.IsControl) {
				t.Fatalf("%q", e)
			}
		}
		if d := parseDevice(page); d.Name != "" && !phoneName.MatchString(d.Name) {
			t.Fatalf("%q", d.Name)
		}
		var c Content
		c.Device = phone
		for _, text := range []string{a, b} {
			text = strings.ReplaceAll(lines(strings.ToValidUTF8(text, "")), "\n", " ")
			if text == "" || len(text) > maxText || entryTime.MatchString(text) || entryTime.FindString("1:02:03a "+text) != "1:02:03a " {
				t.Skip("not what a phone says in one line")
			}
			c.Messages = append(c.Messages, Message{at, text})
		}
		for _, c.Form = range []Form{FormDate, FormClock, FormBrackets} {
			got := parseEntries([]byte(c.messages()))
			if len(got) != 2 || got[0].Text != c.Messages[0].Text || got[1].Text != c.Messages[1].Text {
				t.Fatalf("form %d: %q became %q", c.Form, c.Messages, got)
			}
		}
	})
}
