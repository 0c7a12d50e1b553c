package osadmin

import (
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Whatever a page holds: no form leads to another server, a word that is shown is one
// clean line of bounded length, and a row is marked only where it names the file.
func FuzzPage(f *testing.F) {
	s := NewServer(nil)
	f.Add([]byte(`<form action="j_security_check"><input type=password name=j_password></form>`))
	f.Add([]byte(s.loginForm(pathLogin8)))
	f.Add([]byte(statusOf("Success: <b>File</b>") + s.uploadForm("x", "Error")))
	f.Add([]byte(`<script>menu("tftpFileFindList.do")</script><form action="//example.com/x"><table><tr><td><input type=checkbox name=s value=1>CTLFile.tlv</table><input type=submit name=d value="Delete Selected">`))
	from := &url.URL{Scheme: "https", Host: "127.0.0.1:8443", Path: pathUpload}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := parsePage(body, from)
		if err != nil {
			return
		}
		if len(p.text) > maxText || !utf8.ValidString(p.text) || strings.ContainsFunc(p.text, unicode.IsControl) {
			t.Fatalf("%q is shown", p.text)
		}
		for _, form := range p.forms {
			if form.path != "" && !strings.HasPrefix(form.path, pathHome) {
				t.Fatalf("a form leads to %q", form.path)
			}
			if values, ok := form.deleting("CTLFile.tlv"); ok && (len(values) == 0 || !strings.Contains(string(body), "CTLFile.tlv") && !strings.ContainsAny(string(body), "&\x00\r")) {
				t.Fatalf("marked %v in %q", values, body)
			}
		}
		for _, path := range p.tftpPages {
			if !strings.HasPrefix(path, pathHome) || strings.Contains(path[len(pathHome):], "/") {
				t.Fatalf("a page at %q", path)
			}
		}
	})
}
