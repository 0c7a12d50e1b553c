package phoneweb

import (
	"fmt"
	"html"
	"net/http"
	"strings"
	"time"
)

// Form is how a model writes its status messages.
type Form int

// The forms of three kinds of models, and where each has its pages.
const (
	FormDate     Form = iota // 8800 and kin: time and date, the text on the next line
	FormClock                // 7941, 7942, 7961, 7962: the time alone, before the text
	FormBrackets             // 8831, 7800: time and date in brackets, before the text
	FormScript               // 6900: as 8831, in a script, under another path
)

// FormOf a model, as "Cisco 7962".
func FormOf(model string) Form {
	switch digits := modelNumber(model); {
	case strings.HasPrefix(digits, "79"):
		return FormClock
	case strings.HasPrefix(digits, "78"), digits == "8831":
		return FormBrackets
	case strings.HasPrefix(digits, "69"):
		return FormScript
	}
	return FormDate
}

// Message is one status message of a phone in the practice cluster.
type Message struct {
	Time time.Time
	Text string
}

// Content is what the page of a phone shows.
type Content struct {
	Device   Device
	Form     Form
	Messages []Message // newer ones later
}

// Handler is a phone's page. content is asked for each request; it reports false where
// the phone is gone or has no page, which is answered with 404.
func Handler(content func() (Content, bool)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := content()
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if r.Method != http.MethodGet {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		f := likely(c.Device.Model)[0]
		if c.Form == FormScript {
			f = families[2]
		}
		var body string
		switch r.URL.RequestURI() {
		case f.device, "/":
			body = c.device()
		case f.messages:
			body = c.messages()
		default:
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, body)
	})
}

// around is the frame of every page: a heading that names the phone, a menu, the content.
func (c Content) around(title, content string) string {
	return "<HTML><HEAD><TITLE>Cisco Systems, Inc.</TITLE></HEAD>\n<BODY><TABLE BORDER=\"1\"><TR><TD><B>" + title +
		"</B><P ALIGN=center><B>Cisco IP Phone " + html.EscapeString(c.Device.Model) + " ( " + html.EscapeString(c.Device.Name) + " )</B></TD></TR>\n" +
		"<TR><TD><A HREF=\"/\">Device information</A></TD></TR>\n<TR><TD>" + content + "</TD></TR></TABLE></BODY></HTML>\n"
}

func (c Content) device() string {
	var b strings.Builder
	b.WriteString("<TABLE>")
	for _, row := range [][2]string{
		{"MAC address", strings.TrimPrefix(c.Device.Name, "SEP")}, {"Host name", c.Device.Name}, {"App load ID", c.Device.Load},
		{"Version", c.Device.Load}, {"Serial number", c.Device.Serial}, {"Model number", c.Device.Model},
	} {
		fmt.Fprintf(&b, "<TR><TD><B> %s</B></TD><td width=20></TD><TD><B>%s</B></TD></TR>\n", row[0], escape(row[1]))
	}
	b.WriteString("</TABLE>")
	return c.around("Device information", b.String())
}

// escape writes entities where phones do.
func escape(s string) string { return strings.ReplaceAll(html.EscapeString(s), "-", "&#x2D;") }

func (c Content) messages() string {
	if c.Form == FormScript {
		var parts []string
		for _, m := range c.Messages {
			parts = append(parts, m.in(c.Form))
		}
		script := strings.NewReplacer(`"`, "'", "<", "(", ">", ")").Replace(strings.Join(parts, "&"))
		return c.around("Status messages", "<script>var s0 = \""+script+"\"; show(s0);</script>")
	}
	var b strings.Builder
	b.WriteString("<TABLE>")
	for _, m := range c.Messages {
		fmt.Fprintf(&b, "<TR><TD><B>%s</B></TD></TR>\n", escape(m.in(c.Form)))
	}
	b.WriteString("</TABLE>")
	return c.around("Status messages", b.String())
}

// in writes a message as a model does.
func (m Message) in(f Form) string {
	half := "a"
	if m.Time.Hour() >= 12 {
		half = "p"
	}
	clock, date := m.Time.Format("3:04:05")+half, m.Time.Format("01/02/06")
	switch f {
	case FormClock:
		return clock + " " + m.Text
	case FormBrackets, FormScript:
		return "[" + clock + " " + date + "] " + m.Text
	}
	return clock + "m " + date + "\n" + m.Text
}
