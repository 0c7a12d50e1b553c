package axl

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"ctlclient/message"
	"ctlclient/protocol/internal/soap"
)

const (
	head = `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>`
	tail = `</soapenv:Body></soapenv:Envelope>`
)

// script answers questions one after the other with what was recorded, the version first.
type script struct {
	t       testing.TB
	answers []recorded
	seen    []*http.Request
	bodies  []string
}

type recorded struct {
	code int
	body string
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	s.seen, s.bodies = append(s.seen, r), append(s.bodies, string(body))
	n := len(s.seen)
	if n == 1 {
		fmt.Fprint(w, head+`<ns:getCCMVersionResponse xmlns:ns="http://www.cisco.com/AXL/API/1.0"><return><componentVersion><version>12.5.1.11900(146)</version></componentVersion></return></ns:getCCMVersionResponse>`+tail)
		return
	}
	if n-2 >= len(s.answers) {
		s.t.Errorf("question %d: %s", n, body)
		return
	}
	a := s.answers[n-2]
	http.SetCookie(w, &http.Cookie{Name: "JSESSIONIDSSO", Value: "x", Path: "/", Secure: true})
	if a.code != 0 {
		w.WriteHeader(a.code)
	}
	fmt.Fprint(w, a.body)
}

func replay(t testing.TB, answers ...recorded) (*Client, *script) {
	s := &script{t: t, answers: answers}
	return dial(t, s), s
}

// Every request, byte for byte, with its headers.
func TestRequests(t *testing.T) {
	empty := func(operation string) recorded {
		return recorded{body: head + `<ns:` + operation + `Response xmlns:ns="http://www.cisco.com/AXL/API/12.5"><return/></ns:` + operation + `Response>` + tail}
	}
	ctx := t.Context()
	for name, k := range map[string]struct {
		ask  func(*Client) error
		want string
	}{
		"listProcessNode": {func(c *Client) error { _, err := c.Nodes(ctx); return err },
			`<searchCriteria><name>%</name></searchCriteria><returnedTags><name></name><description></description><nodeUsage></nodeUsage><processNodeRole></processNodeRole></returnedTags>`},
		"listProcessNodeService": {func(c *Client) error { _, err := c.Services(ctx); return err },
			`<searchCriteria><processNodeName>%</processNodeName></searchCriteria><returnedTags><processNodeName></processNodeName><service></service><isActive>true</isActive></returnedTags>`},
		"listPhone": {func(c *Client) error { return c.Phones(ctx, nil) },
			`<searchCriteria><name>SEP%</name></searchCriteria><returnedTags><name></name><product></product><model></model><protocol></protocol>` +
				`<devicePoolName></devicePoolName><loadInformation></loadInformation><securityProfileName></securityProfileName></returnedTags><skip>0</skip><first>1000</first>`},
		"executeSQLQuery": {func(c *Client) error { _, err := c.SQL(ctx, "select a from b where c < 'd&'"); return err },
			`<sql>select a from b where c &lt; &#39;d&amp;&#39;</sql>`},
		"listTvsCertificate": {func(c *Client) error { _, err := c.TVSCertificates(ctx); return err },
			`<searchCriteria><subjectName>%</subjectName></searchCriteria><returnedTags><subjectName></subjectName><issuerName></issuerName><serialNumber></serialNumber></returnedTags><skip>0</skip><first>1000</first>`},
		"getTvsCertificate": {func(c *Client) error { _, err := c.TVSCertificate(ctx, "CN=a,O=b", "01"); return err },
			`<issuerName>CN=a,O=b</issuerName><serialNumber>01</serialNumber>`},
		"doDeviceReset": {func(c *Client) error {
			if err := c.ResetPhone(ctx, "SEP1", Restart); !errors.Is(err, ErrMalformed) {
				return fmt.Errorf("an empty answer was taken for success: %v", err)
			}
			return nil
		}, `<deviceName>SEP1</deviceName><deviceResetType>Restart</deviceResetType>`},
	} {
		t.Run(name, func(t *testing.T) {
			c, s := replay(t, empty(name))
			if err := k.ask(c); err != nil {
				t.Fatal(err)
			}
			if len(s.seen) != 2 {
				t.Fatalf("%d questions", len(s.seen))
			}
			for i, want := range []struct{ action, body string }{
				{"", `<ns:getCCMVersion xmlns:ns="http://www.cisco.com/AXL/API/1.0"><processNodeName></processNodeName></ns:getCCMVersion>`},
				{`"CUCM:DB ver=12.5 ` + name + `"`, `<ns:` + name + ` xmlns:ns="http://www.cisco.com/AXL/API/12.5">` + k.want + `</ns:` + name + `>`},
			} {
				r := s.seen[i]
				if r.Method != "POST" || r.RequestURI != "/axl/" || r.Header.Get("SOAPAction") != want.action || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/xml") {
					t.Errorf("%s %s %v", r.Method, r.RequestURI, r.Header)
				}
				if s.bodies[i] != head+want.body+tail {
					t.Errorf("sent\n%s\nwant\n%s", s.bodies[i], head+want.body+tail)
				}
			}
		})
	}
}

// fault in the shape of a real server's.
func fault(code, words string) string {
	return head + `<soapenv:Fault><faultcode>soapenv:Server</faultcode><faultstring>` + words + `</faultstring><detail><axlError><axlcode>` + code +
		`</axlcode><axlmessage>` + words + `</axlmessage><request>listProcessNode</request></axlError></detail></soapenv:Fault>` + tail
}

// What real servers answer, in their shapes.
func TestRecordedAnswers(t *testing.T) {
	node := func(prefix string) string {
		return `<` + prefix + `listProcessNodeResponse xmlns:ns="http://www.cisco.com/AXL/API/12.5" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
			`<return><processNode uuid="{00000000-1111-0000-0000-000000000000}"><name>EnterpriseWideData</name><nodeUsage>Subscriber</nodeUsage></processNode>` +
			`<processNode uuid="{3C1B41E9-0E8A-4C7B-9D7C-5A9C6C6A1A10}" ctiid="1"><name>cucm-pub&#x2D;1</name><description xsi:nil="true"/><nodeUsage>Publisher</nodeUsage><lbmHubGroup/><processNodeRole>CUCM Voice/Video</processNodeRole></processNode>` +
			`<processNode><name>imp-1</name><nodeUsage>Publisher</nodeUsage><processNodeRole>CUCM IM and Presence</processNodeRole></processNode></return></` + prefix + `listProcessNodeResponse>`
	}
	want := []Node{{Name: "cucm-pub-1", Publisher: true}}
	is := func(target error) func([]Node, error) bool {
		return func(n []Node, err error) bool { return n == nil && errors.Is(err, target) }
	}
	isFault := func(code int, words string) func([]Node, error) bool {
		return func(_ []Node, err error) bool {
			f, ok := errors.AsType[*Fault](err)
			return ok && *f == Fault{Operation: "listProcessNode", Code: code, Words: words}
		}
	}
	nodes := func(n []Node, err error) bool { return err == nil && reflect.DeepEqual(n, want) }
	for name, k := range map[string]struct {
		answers []recorded
		ok      func([]Node, error) bool
	}{
		"nodes":                 {[]recorded{{body: head + node("ns:") + tail}}, nodes},
		"with a header":         {[]recorded{{body: strings.Replace(head, "<soapenv:Body>", "<soapenv:Header><a><b/></a></soapenv:Header><soapenv:Body>", 1) + node("ns:") + tail}}, nodes},
		"no namespace":          {[]recorded{{body: head + node("") + tail}}, nodes},
		"empty return":          {[]recorded{{body: head + `<ns:listProcessNodeResponse xmlns:ns="x"><return/></ns:listProcessNodeResponse>` + tail}}, func(n []Node, err error) bool { return n == nil && err == nil }},
		"fault":                 {[]recorded{{500, fault("5007", "Item not valid")}}, isFault(5007, "Item not valid")},
		"fault with 200":        {[]recorded{{200, fault("-1", "Item not valid")}}, isFault(-1, "Item not valid")},
		"fault with a prefix":   {[]recorded{{500, strings.NewReplacer("<axlError>", `<axl:axlError xmlns:axl="http://www.cisco.com/AXL/API/12.5">`, "</axlError>", "</axl:axlError>").Replace(fault("5007", "not there"))}}, is(fs.ErrNotExist)},
		"all of it prefixed":    {[]recorded{{500, strings.NewReplacer("<axl", "<ns:axl", "</axl", "</ns:axl", "<detail>", `<detail xmlns:ns="y">`).Replace(fault("5003", "not there"))}}, is(fs.ErrNotExist)},
		"old axl:Error":         {[]recorded{{500, head + `<soapenv:Fault><faultcode>soapenv:Client</faultcode><faultstring>x</faultstring><detail><axl:Error xmlns:axl="http://www.cisco.com/AXL/1.0"><axl:code>5007</axl:code><axl:message>not there</axl:message></axl:Error></detail></soapenv:Fault>` + tail}}, isFault(5007, "not there")},
		"fault without detail":  {[]recorded{{500, head + `<soapenv:Fault><faultcode>soapenv:Server</faultcode><faultstring>no &#x9; words</faultstring></soapenv:Fault>` + tail}}, isFault(0, "no words")},
		"code that is none":     {[]recorded{{500, fault("abc", "words")}}, isFault(0, "words")},
		"401":                   {[]recorded{{401, "<html>"}}, is(ErrLogin)},
		"403":                   {[]recorded{{403, fault("1", "x")}}, is(ErrForbidden)},
		"404, no session":       {[]recorded{{404, ""}, {404, ""}}, is(fs.ErrNotExist)},
		"503 once":              {[]recorded{{503, "<html>"}, {body: head + node("ns:") + tail}}, nodes},
		"500 without a fault":   {[]recorded{{500, "<html>oops</html>"}}, func(_ []Node, err error) bool { e, ok := errors.AsType[*StatusError](err); return ok && e.Code == 500 }},
		"a page of HTML":        {[]recorded{{200, "<html><body>Log in</body></html>"}}, is(ErrMalformed)},
		"another answer":        {[]recorded{{200, head + `<ns:listPhoneResponse xmlns:ns="x"><return/></ns:listPhoneResponse>` + tail}}, is(ErrMalformed)},
		"half an answer":        {[]recorded{{200, (head + node("ns:"))[:600]}}, is(ErrMalformed)},
		"nothing":               {[]recorded{{200, ""}}, is(ErrMalformed)},
		"empty body":            {[]recorded{{200, head + tail}}, is(ErrMalformed)},
		"two answers":           {[]recorded{{200, head + node("ns:") + node("ns:") + tail}}, is(ErrMalformed)},
		"a document type":       {[]recorded{{200, `<!DOCTYPE x [<!ENTITY e "f">]>` + (head + node("ns:") + tail)[39:]}}, is(ErrMalformed)},
		"an entity of its own":  {[]recorded{{200, head + strings.Replace(node("ns:"), "cucm", "&e;", 1) + tail}}, is(ErrMalformed)},
		"another SOAP":          {[]recorded{{200, strings.Replace(head, "schemas.xmlsoap.org/soap/envelope", "www.w3.org/2003/05/soap-envelope", 1) + node("ns:") + tail}}, is(ErrMalformed)},
		"characters that hide":  {[]recorded{{500, fault("1", "a\u202eb\u0085c")}}, isFault(1, "a b c")},
		"a fault beyond reason": {[]recorded{{500, fault("1", strings.Repeat("x", 1<<16))}}, func(_ []Node, err error) bool { return err != nil && len(err.Error()) < 1100 }},
	} {
		t.Run(name, func(t *testing.T) {
			c, s := replay(t, k.answers...)
			n, err := c.Nodes(t.Context())
			if !k.ok(n, err) {
				t.Errorf("%+v, %v", n, err)
			}
			if errors.Is(err, ErrMalformed) && len(message.Advice(err)) == 0 {
				t.Errorf("no hint what to do about %v", err)
			}
			if len(s.seen) != 1+len(k.answers) && name != "404, no session" {
				t.Errorf("%d questions", len(s.seen))
			}
		})
	}
}

// The 8 MB limit, in the words of both families of releases.
func TestTooLarge(t *testing.T) {
	for _, words := range []string{
		"Query request too large. Total rows matched: 1277 rows. Suggestive Row Fetch: less than 953 rows",
		"Query request too large. Total rows matched: 1277 rows. Suggested row fetch: less than 953 rows",
		"Query request too large. Total rows matched: 1277. Suggested row fetch: less than 953",
	} {
		phones := head + `<ns:listPhoneResponse xmlns:ns="x"><return><phone ctiid="12" uuid="{A}"><name>SEP1</name><model>Cisco 8845</model><loadInformation special="false"/></phone></return></ns:listPhoneResponse>` + tail
		none := head + `<ns:listPhoneResponse xmlns:ns="x"><return/></ns:listPhoneResponse>` + tail
		c, s := replay(t, recorded{500, fault("-1", words)}, recorded{body: phones}, recorded{body: none})
		got, _, err := allPhones(t, c)
		if err != nil || !reflect.DeepEqual(got, []Phone{{Name: "SEP1", Model: "Cisco 8845"}}) {
			t.Fatalf("%s: %+v, %v", words, got, err)
		}
		for i, want := range []string{"", "<skip>0</skip><first>1000</first>", "<skip>0</skip><first>500</first>", "<skip>1</skip><first>500</first>"} {
			if !strings.Contains(s.bodies[i], want) {
				t.Errorf("question %d: %s", i, s.bodies[i])
			}
		}
		e, ok := newFault("listPhone", &soap.Fault{String: words}).(*TooLargeError)
		if !ok || e.Total != 1277 || e.Fetch != 953 {
			t.Errorf("%s: %+v", words, e)
		}
	}
	// More rows than were asked for would make the pages meaningless.
	c, _ := replay(t, recorded{body: head + `<ns:listPhoneResponse xmlns:ns="x"><return>` + strings.Repeat("<phone/>", 1001) + `</return></ns:listPhoneResponse>` + tail})
	if _, _, err := allPhones(t, c); !errors.Is(err, ErrMalformed) {
		t.Error(err)
	}
}

// What a server is asked wrongly is answered with a fault, never carried out.
func TestServerRefuses(t *testing.T) {
	b := newCluster(1)
	s := NewServer(b)
	reset := `<ns:doDeviceReset xmlns:ns="http://www.cisco.com/AXL/API/14.0"><deviceName>` + b.phones[0].Name + `</deviceName><deviceResetType>Reset</deviceResetType></ns:doDeviceReset>`
	post := func(method, target, action, body string) (int, string) {
		r, err := http.NewRequestWithContext(context.Background(), method, target, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if action != "" {
			r.Header.Set("SOAPAction", action)
		}
		w := &recorder{header: http.Header{}}
		s.ServeHTTP(w, r)
		return w.code, w.body.String()
	}
	for name, k := range map[string]struct {
		method, target, action, body string
		code                         int
	}{
		"without the slash":  {"POST", "/axl", "", head + reset + tail, 404},
		"by GET":             {"GET", "/axl/", "", "", 405},
		"another release":    {"POST", "/axl/", "", head + strings.Replace(reset, "14.0", "9.9", 1) + tail, 500},
		"another SOAPAction": {"POST", "/axl/", `"CUCM:DB ver=14.0 listPhone"`, head + reset + tail, 500},
		"not known":          {"POST", "/axl/", "", head + strings.ReplaceAll(reset, "doDeviceReset", "doEnterpriseParametersReset") + tail, 500},
		"no XML":             {"POST", "/axl/", "", "x", 500},
		"too long":           {"POST", "/axl/", "", head + strings.Repeat(" ", 1<<20) + reset + tail, 400},
	} {
		if code, body := post(k.method, k.target, k.action, k.body); code != k.code || code == 500 && !strings.Contains(body, "soapenv:Fault") {
			t.Errorf("%s: %d %s", name, code, body)
		}
	}
	if len(b.resets) != 0 {
		t.Error(b.resets)
	}
	b.begin = func(Call) error { return &Refusal{Code: 401} }
	if code, _ := post("POST", "/axl/", "", "x"); code != 401 {
		t.Errorf("the account comes first: %d", code)
	}
	b.begin = nil
	if code, body := post("POST", "/axl/", `"CUCM:DB ver=14.0 doDeviceReset"`, head+reset+tail); code != 200 || len(b.resets) != 1 || !strings.Contains(body, "<return>true</return>") {
		t.Errorf("%d %s", code, body)
	}
}

type recorder struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(code int)        { r.code = code }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// FuzzPhones: an answer is refused, or what was read of it comes back the same when our
// server says it; nothing in it moves a terminal's cursor.
func FuzzPhones(f *testing.F) {
	f.Add([]byte(head + `<ns:listPhoneResponse xmlns:ns="x"><return><phone uuid="{A}"><name>SEP1</name><model>Cisco&#x2D;8845</model><devicePoolName>Default &lt;1&gt;</devicePoolName><loadInformation special="false"/></phone></return></ns:listPhoneResponse>` + tail))
	f.Add([]byte(head + `<listPhoneResponse><return/></listPhoneResponse>` + tail))
	f.Add([]byte(fault("5007", "x")))
	f.Fuzz(func(t *testing.T, data []byte) {
		type answer struct {
			Phones []phoneRow `xml:"return>phone"`
		}
		var a, again answer
		if err := soap.Decode(data, "listPhoneResponse", &a); err != nil {
			if _, ok := errors.AsType[*soap.Fault](err); !ok && !errors.Is(err, ErrMalformed) {
				t.Fatalf("%v is no known error", err)
			}
			return
		}
		b := newCluster(0)
		for _, p := range a.Phones {
			b.phones = append(b.phones, p.phone())
		}
		r := NewServer(b).phones(listRequest{Criteria: fields{{"name", "SEP%"}}, Tags: wanted(phoneTags...)})
		body, err := soap.Element("x", "listPhoneResponse", r)
		if err != nil {
			t.Fatal(err)
		}
		if err := soap.Decode(soap.Envelope(body), "listPhoneResponse", &again); err != nil || len(again.Phones) != len(b.phones) {
			t.Fatalf("%v\n%s", err, body)
		}
		for i, p := range again.Phones {
			if p.phone() != b.phones[i] {
				t.Fatalf("%+v became %+v", b.phones[i], p.phone())
			}
			if strings.ContainsFunc(p.phone().Name, unicode.IsControl) {
				t.Fatalf("%q", p.phone().Name)
			}
		}
	})
}

// FuzzRows: an SQL answer is refused, or its rows come back the same.
func FuzzRows(f *testing.F) {
	f.Add([]byte(`<row><paramname>ClusterSecurityMode</paramname><paramvalue>1</paramvalue></row><row><certificate>-----BEGIN CERTIFICATE-----
MIIB</certificate></row><row/>`))
	f.Add([]byte(`<row><a xsi:nil="true"/><b><c>d</c>e</b></row>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		type answer struct {
			Rows []fields `xml:"row"`
		}
		var a, again answer
		if xml.Unmarshal(append(append([]byte("<return>"), data...), "</return>"...), &a) != nil {
			return
		}
		out, err := xml.Marshal(struct {
			XMLName xml.Name `xml:"return"`
			answer
		}{answer: a})
		if err != nil {
			t.Skip(err) // a name that XML reads and does not write
		}
		if err := xml.Unmarshal(out, &again); err != nil {
			t.Skip(err)
		}
		if len(a.Rows) != len(again.Rows) {
			t.Fatalf("%d rows became %d", len(a.Rows), len(again.Rows))
		}
		for i, r := range a.Rows {
			if len(r) > maxFields || len(r) != len(again.Rows[i]) || len(r) > 0 && !reflect.DeepEqual(r, again.Rows[i]) {
				t.Fatalf("%q became %q", r, again.Rows[i])
			}
		}
	})
}

// FuzzCertificate: any certificate is read as it was written, in each of the forms in
// which a database may have it; of any other text there is none, or one that begins as a
// certificate does.
func FuzzCertificate(f *testing.F) {
	f.Add([]byte{0x30, 1, 0}, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
	f.Add(bytes.Repeat([]byte{0x30}, 200), " MIIB")
	f.Fuzz(func(t *testing.T, der []byte, text string) {
		if got := derOf(text); got != nil && got[0] != 0x30 {
			t.Fatalf("%x", got)
		}
		der = append([]byte{0x30}, der...)
		written := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
		for _, form := range []string{written, strings.ReplaceAll(written, "\n", ""), strings.ReplaceAll(written, "\n", "\r\n"), " " + written + written, base64.StdEncoding.EncodeToString(der)} {
			if got := derOf(form); !bytes.Equal(got, der) {
				t.Fatalf("%q became %x, not %x", form, got, der)
			}
		}
	})
}

// FuzzServer: whatever is asked gets a status code, a result or a fault that our own
// client reads; nothing is reset that does not exist.
func FuzzServer(f *testing.F) {
	for _, body := range []string{
		`<ns:listPhone xmlns:ns="http://www.cisco.com/AXL/API/14.0"><searchCriteria><name>SEP%</name></searchCriteria><returnedTags><name/></returnedTags><skip>0</skip><first>18446744073709551615</first></ns:listPhone>`,
		`<ns:executeSQLQuery xmlns:ns="http://www.cisco.com/AXL/API/14.0"><sql>select skip 1 first 999999999 a from certificate</sql></ns:executeSQLQuery>`,
		`<ns:doDeviceReset xmlns:ns="http://www.cisco.com/AXL/API/14.0"><deviceName>SEP000000000000</deviceName><deviceResetType>Reset</deviceResetType></ns:doDeviceReset>`,
		`<ns:getTvsCertificate xmlns:ns="http://www.cisco.com/AXL/API/14.0"><issuerName>CN=CA</issuerName><serialNumber>0a0b</serialNumber></ns:getTvsCertificate>`,
		`<ns:getCCMVersion xmlns:ns="http://www.cisco.com/AXL/API/1.0"/>`,
	} {
		f.Add([]byte(head + body + tail))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b := newCluster(3)
		r, err := http.NewRequest("POST", "/axl/", bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		w := &recorder{header: http.Header{}}
		NewServer(b).ServeHTTP(w, r)
		if w.code == http.StatusBadRequest {
			return
		}
		name, _, err := soap.Request(w.body.Bytes())
		if err != nil {
			t.Fatalf("%v\n%s", err, w.body.Bytes())
		}
		if (name.Local == "Fault") != (w.code == http.StatusInternalServerError) {
			t.Fatalf("%d with %s", w.code, name.Local)
		}
		if len(b.resets) > 1 {
			t.Fatal(b.resets)
		}
	})
}
