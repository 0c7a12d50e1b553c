package serviceability

import (
	"bytes"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"ctlclient/protocol/internal/soap"
)

// recorder keeps what a handler answers.
type recorder struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(code int)        { r.code = code }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// FuzzPhones: an answer is refused, or every name that was asked has one word, in order;
// what our server says of it is read the same again.
func FuzzPhones(f *testing.F) {
	f.Add([]byte(`<item><ReturnCode>Ok</ReturnCode><Name>pub</Name><CmDevices><item><Name>SEP1</Name><Status>Registered</Status><Httpd>Yes</Httpd><TimeStamp>1</TimeStamp><Model>683</Model><IPAddress><item><IP>10.0.0.1</IP></item></IPAddress></item></CmDevices></item>`), "SEP1")
	f.Add([]byte(`<item><ReturnCode>InternalError</ReturnCode></item>`), "sep2")
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		var a risAnswer
		const open, shut = `<r><selectCmDeviceReturn><SelectCmDeviceResult><CmNodes>`, `</CmNodes></SelectCmDeviceResult></selectCmDeviceReturn></r>`
		if soap.Decode(soap.Envelope([]byte(open+string(data)+shut)), "r", &a) != nil {
			return
		}
		asked := []string{name, "SEP1"}
		b := a.batch(asked)
		if len(b.Phones) != 2 || b.Phones[0].Name != name || b.Phones[1].Name != "SEP1" {
			t.Fatalf("%+v", b)
		}
		one := b.Phones[1]
		n := &node{nodes: []NodePhones{{Node: one.Node, Phones: []Registration{one}}}}
		body, err := soap.Element(namespace, "selectCmDevice", selectByName(asked))
		if err != nil {
			t.Skip(err)
		}
		r, err := http.NewRequest("POST", risPath, bytes.NewReader(soap.Envelope(body)))
		if err != nil {
			t.Fatal(err)
		}
		w := &recorder{header: http.Header{}}
		NewServer(n).ServeHTTP(w, r)
		var again risAnswer
		if err := soap.Decode(w.body.Bytes(), "selectCmDeviceResponse", &again); err != nil {
			t.Fatalf("%v\n%s", err, w.body.Bytes())
		}
		got := again.batch([]string{"SEP1"}).Phones[0]
		if one.Status == NotFound {
			one.Status = Unknown // what a node that has heard of a phone says
		}
		for _, r := range []*Registration{&got, &one} {
			for _, s := range []*string{&r.Protocol, &r.Download} {
				if *s == "" {
					*s = "Unknown"
				}
			}
		}
		if got != one {
			t.Fatalf("%+v became %+v", one, got)
		}
	})
}

// FuzzServices: an answer is refused, or its states are of the five that there are, and
// are read the same again from our server.
func FuzzServices(f *testing.F) {
	f.Add([]byte(`<ReturnCode>0</ReturnCode><ServiceInfoList><item><ServiceName>Cisco Tftp</ServiceName><ServiceStatus>Started</ServiceStatus><ReasonCode>-1</ReasonCode><StartTime>x</StartTime><UpTime>5</UpTime></item></ServiceInfoList>`))
	f.Add([]byte(`<ReturnCode>-1</ReturnCode><ReasonString>no</ReasonString>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var r ccResult
		if soap.Decode(soap.Envelope([]byte("<r>"+string(data)+"</r>")), "r", &r) != nil {
			return
		}
		list, err := r.states("x")
		if err != nil {
			return
		}
		n := &node{states: func([]string) []ServiceState { return list }}
		req, err := http.NewRequest("POST", ccPath, strings.NewReader(head+`<ns:soapGetServiceStatus xmlns:ns="`+namespace+`"><ns:ServiceStatus/></ns:soapGetServiceStatus>`+tail))
		if err != nil {
			t.Fatal(err)
		}
		w := &recorder{header: http.Header{}}
		NewServer(n).ServeHTTP(w, req)
		var again struct {
			Result ccResult `xml:"soapGetServiceStatusReturn"`
		}
		if err := soap.Decode(w.body.Bytes(), "soapGetServiceStatusResponse", &again); err != nil {
			t.Fatalf("%v\n%s", err, w.body.Bytes())
		}
		got, err := again.Result.states("x")
		for i := range list {
			if list[i].Code == 0 {
				list[i].Code = codeNone
			}
			if !slices.Contains([]string{"Started", "Stopped", "Starting", "Stopping", "Unknown"}, list[i].State) {
				t.Fatal(list[i])
			}
		}
		if err != nil || len(got) != len(list) || len(list) > 0 && !reflect.DeepEqual(got, list) {
			t.Fatalf("%+v became %+v, %v", list, got, err)
		}
	})
}
