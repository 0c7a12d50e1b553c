package serviceability

import (
	"context"
	"crypto/x509"
	"ctlclient/internal/services"
	"ctlclient/message"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// node is a backend whose services and phones a test sets.
type node struct {
	mu       sync.Mutex
	begin    func(Call) error
	nodes    []NodePhones
	states   func(names []string) []ServiceState
	control  func(kind string, names []string) []ServiceState
	asked    [][]string
	controls []string
}

func (n *node) Begin(c Call) error {
	if n.begin != nil {
		return n.begin(c)
	}
	return nil
}
func (n *node) Phones(names []string) []NodePhones {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, names)
	return n.nodes
}
func (n *node) Services(names []string) []ServiceState { return n.states(names) }
func (n *node) Control(name, kind string, names []string) []ServiceState {
	n.controls = append(n.controls, name+" "+kind+" "+strings.Join(names, ","))
	return n.control(kind, names)
}

func dial(t testing.TB, handler http.Handler) (*Client, *[]time.Duration) {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	c, err := New(s.Listener.Addr().String(), Options{
		User: "app", Password: func(context.Context) ([]byte, error) { return []byte("secret"), nil },
		VerifyPeer: func(*x509.Certificate, []byte) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	var slept []time.Duration
	c.Sleep = func(_ context.Context, d time.Duration) error { slept = append(slept, d); return nil }
	return c, &slept
}

func phone(i int, status Status, at int64) Registration {
	return Registration{Name: fmt.Sprintf("SEP%012X", i), Status: status, Model: 683, Protocol: "SIP", Load: "sip8845", InactiveLoad: "old",
		Download: "Successful", Address: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), Web: true, Time: time.Unix(at, 0).UTC()}
}

func names(n int) []string {
	var list []string
	for i := range n {
		list = append(list, phone(i, "", 0).Name)
	}
	return list
}

func all(t *testing.T, c *Client, names []string) (b Batch, err error) {
	t.Helper()
	err = c.Phones(t.Context(), names, func(part Batch) error {
		b.Phones, b.Silent = append(b.Phones, part.Phones...), append(b.Silent, part.Silent...)
		return nil
	})
	return b, err
}

// A phone under two nodes: the newest word counts. One that nobody knows is there too.
func TestPhones(t *testing.T) {
	old, now, other := phone(1, Unregistered, 100), phone(1, Registered, 200), phone(2, Rejected, 50)
	other.Reason, other.Address = 12, netip.MustParseAddr("2001:db8::1")
	same := phone(3, Unregistered, 70)
	alive := phone(3, Registered, 70)
	n := &node{nodes: []NodePhones{
		{Node: "sub", Phones: []Registration{now, other, same}}, {Node: "pub", Phones: []Registration{old, alive}},
		{Node: "none"}, {Node: "down", Code: "NodeNotResponding"},
	}}
	c, _ := dial(t, NewServer(n))
	got, err := all(t, c, []string{other.Name, "SEPFFFFFFFFFFFF", strings.ToLower(now.Name), same.Name})
	if err != nil {
		t.Fatal(err)
	}
	now.Node, other.Node, alive.Node = "sub", "sub", "pub"
	now.Name = strings.ToLower(now.Name)
	want := Batch{[]Registration{other, {Name: "SEPFFFFFFFFFFFF"}, now, alive}, []string{"down"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n%+v\nwant\n%+v", got, want)
	}
	if _, err := all(t, c, []string{"*"}); err != nil || n.asked[1] != nil {
		t.Errorf("everything: %v, asked for %q", err, n.asked)
	}
	if got, err := all(t, c, nil); err != nil || len(got.Phones) != 0 || len(n.asked) != 2 {
		t.Errorf("no names: %+v, %v", got, err)
	}
	enough := errors.New("enough")
	if err := c.Phones(t.Context(), names(1), func(Batch) error { return enough }); err != enough {
		t.Error(err)
	}
}

// Every phone is told of once and in order, though an answer holds a thousand at most and
// is cut without a word.
func TestBatches(t *testing.T) {
	const total = 2300
	var one, two NodePhones
	one.Node, two.Node = "pub", "sub"
	for i := range total {
		one.Phones = append(one.Phones, phone(i, Unregistered, 1))
		if i%3 == 0 {
			two.Phones = append(two.Phones, phone(i, Registered, 2))
		}
	}
	n := &node{nodes: []NodePhones{one, two}}
	c, _ := dial(t, NewServer(n))
	got, err := all(t, c, names(total))
	if err != nil || len(got.Phones) != total {
		t.Fatalf("%d phones, %v", len(got.Phones), err)
	}
	for i, r := range got.Phones {
		want := map[bool]Status{true: Registered, false: Unregistered}[i%3 == 0]
		if r.Name != phone(i, "", 0).Name || r.Status != want {
			t.Fatalf("%d: %+v, want %s", i, r, want)
		}
	}
	for _, asked := range n.asked {
		if len(asked) > MaxPhones {
			t.Errorf("%d names at a time", len(asked))
		}
	}
	if len(n.asked) != 7 { // three batches, two of them cut and asked for again in halves
		t.Errorf("%d questions", len(n.asked))
	}
}

// One who asks too often waits half a minute, and gives up after some of them.
func TestRate(t *testing.T) {
	for _, refuse := range []error{RateExceeded(), &Refusal{Code: 503}} {
		left := 2
		n := &node{begin: func(Call) error {
			if left == 0 {
				return nil
			}
			left--
			return refuse
		}}
		c, slept := dial(t, NewServer(n))
		if _, err := all(t, c, names(1)); err != nil || !slices.Equal(*slept, []time.Duration{ratePause, ratePause}) {
			t.Errorf("%v: %v, slept %v", refuse, err, *slept)
		}
		left = 1000
		_, err := all(t, c, names(1))
		h, ok := errors.AsType[interface {
			error
			message.Advisor
		}](err)
		if !errors.Is(err, ErrBusy) || left != 1000-rateTries || !ok || !strings.Contains(message.Lines(h.Hints()).String(), "15") {
			t.Errorf("%v: %v, %d left", refuse, err, left)
		}
	}
}

func TestAccountAndSession(t *testing.T) {
	n := &node{states: func([]string) []ServiceState { return nil }}
	s := NewServer(n)
	c, _ := dial(t, s)
	for range 2 {
		if _, err := all(t, c, names(1)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Services(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.ForgetSessions()
	}
	requests := 0
	n.begin = func(call Call) error {
		if requests++; call.User != "app" || call.Password != "secret" {
			t.Errorf("%+v", call)
		}
		return &Refusal{Code: 401}
	}
	for range 2 {
		if _, err := all(t, c, names(1)); !errors.Is(err, ErrLogin) || strings.Contains(err.Error(), "secret") {
			t.Error(err)
		}
	}
	if requests != 1 {
		t.Errorf("a wrong password was sent %d times", requests)
	}
}

// states plays what a node says of a service, one answer after the other, the last for
// ever.
func states(list ...ServiceState) func([]string) []ServiceState {
	return func([]string) []ServiceState {
		s := list[0]
		if len(list) > 1 {
			list = list[1:]
		}
		s.Name = services.TFTP
		return []ServiceState{s}
	}
}

// A restart is over when the service that runs is another one, not when the node says
// Started.
func TestRestart(t *testing.T) {
	before := ServiceState{State: "Started", Code: codeNone, Started: "Mon Mar  9 10:32:15 2015", Up: 5000 * time.Second}
	after := ServiceState{State: "Started", Code: codeNone, Started: "Tue Mar 10 11:00:00 2015", Up: 2 * time.Second}
	oldUp, newUp := ServiceState{State: "Started", Up: 5000 * time.Second}, ServiceState{State: "Started", Up: 3 * time.Second}
	mute := ServiceState{State: "Started"}
	stopping, starting, stopped := ServiceState{State: "Stopping"}, ServiceState{State: "Starting"}, ServiceState{State: "Stopped"}
	for name, k := range map[string]struct {
		states []ServiceState
		polls  int
	}{
		"by its start":        {[]ServiceState{before, before, before, after}, 3},
		"by its time":         {[]ServiceState{oldUp, oldUp, newUp}, 2},
		"seen stopping":       {[]ServiceState{before, stopping, starting, before}, 3},
		"tells nothing":       {[]ServiceState{mute, mute}, 1},
		"was not running":     {[]ServiceState{stopped, starting, mute}, 2},
		"odd words meanwhile": {[]ServiceState{before, {State: "Restarting"}, after}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			n := &node{states: states(k.states...), control: func(string, []string) []ServiceState {
				return []ServiceState{{Name: services.TFTP, State: "Started", Code: codeNone}}
			}}
			c, slept := dial(t, NewServer(n))
			told := 0
			if err := c.Restart(t.Context(), "cucm-pub", services.TFTP, func(s ServiceState) { told++ }); err != nil {
				t.Fatal(err)
			}
			if len(*slept) != k.polls || told != k.polls || (*slept)[0] != restartPoll {
				t.Errorf("slept %v, told %d times", *slept, told)
			}
			if !slices.Equal(n.controls, []string{"cucm-pub Restart Cisco Tftp"}) {
				t.Error(n.controls)
			}
		})
	}
}

func TestRestartFails(t *testing.T) {
	running := ServiceState{State: "Started", Started: "x"}
	ok := func(string, []string) []ServiceState { return []ServiceState{{Name: services.TFTP, State: "Started"}} }
	restart := func(n *node) (polls int, err error) {
		c, slept := dial(t, NewServer(n))
		err = c.Restart(t.Context(), "pub", services.TFTP, nil)
		return len(*slept), err
	}

	n := &node{states: states(NotActivated("")), control: ok}
	_, err := restart(n)
	if e, is := errors.AsType[*ServiceError](err); !is || !errors.Is(err, ErrNotActivated) || len(n.controls) != 0 || !strings.Contains(message.Lines(e.Hints()).String(), "activate") || !strings.Contains(e.Error(), "Service Not Activated (code -1068)") {
		t.Errorf("not activated: %v, %v", err, n.controls)
	}
	n = &node{states: states(running), control: func(string, []string) []ServiceState {
		return []ServiceState{{Name: services.TFTP, State: "Started", Code: -1074, Words: "Operation not allowed"}}
	}}
	polls, err := restart(n)
	if e, is := errors.AsType[*ServiceError](err); !is || e.Code != -1074 || polls != 0 || !strings.Contains(message.Lines(e.Hints()).String(), "utils service restart Cisco Tftp") {
		t.Errorf("refused: %v", err)
	}
	polls, err = restart(&node{states: states(running, ServiceState{State: "Stopped"}), control: ok})
	if e, is := errors.AsType[*NotStartedError](err); !is || e.State.State != "Stopped" || polls != restartPolls || e.Waited != 10*time.Minute {
		t.Errorf("does not come back: %v after %d polls", err, polls)
	}
	_, err = restart(&node{states: func([]string) []ServiceState { return nil }, control: ok})
	if !errors.Is(err, ErrMalformed) {
		t.Errorf("nothing said: %v", err)
	}

	// A node that answers nothing for a while is asked again, for half a minute.
	gone := 0
	n = &node{states: states(running, ServiceState{State: "Started", Started: "y"}), control: ok}
	n.begin = func(Call) error {
		if len(n.controls) == 1 && gone > 0 {
			gone--
			return &Refusal{Code: 500}
		}
		return nil
	}
	for gone = range map[int]bool{restartPollFailures - 1: true} {
		if polls, err := restart(n); err != nil || polls != restartPollFailures {
			t.Errorf("away for a while: %v, %d polls", err, polls)
		}
	}
	n.controls, gone = nil, 1000
	n.states = states(running)
	if polls, err := restart(n); err == nil || polls != restartPollFailures {
		t.Errorf("away for good: %v, %d polls", err, polls)
	}
}

const (
	head = `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>`
	tail = `</soapenv:Body></soapenv:Envelope>`
)

// Both questions, byte for byte, answered in shapes that real nodes have.
func TestWire(t *testing.T) {
	var path, action, body, answer string
	code := 200
	c, _ := dial(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		path, action, body = r.RequestURI, r.Header.Get("SOAPAction"), string(data)
		w.WriteHeader(code)
		fmt.Fprint(w, head+answer+tail)
	}))
	const ns = ` xmlns:ns="http://schemas.cisco.com/ast/soap"`
	answer = `<ns1:selectCmDeviceResponse xmlns:ns1="http://schemas.cisco.com/ast/soap"><ns1:selectCmDeviceReturn><ns1:SelectCmDeviceResult><ns1:TotalDevicesFound>1</ns1:TotalDevicesFound><ns1:CmNodes>` +
		`<ns1:item><ns1:ReturnCode>NotFound</ns1:ReturnCode><ns1:Name>cucm-sub</ns1:Name><ns1:NoChange>false</ns1:NoChange><ns1:CmDevices/></ns1:item>` +
		`<ns1:item><ns1:ReturnCode>Ok</ns1:ReturnCode><ns1:Name>cucm-pub</ns1:Name><ns1:CmDevices><ns1:item><ns1:Name>SEP1</ns1:Name><ns1:Httpd>No</ns1:Httpd><ns1:Status>UnRegistered</ns1:Status><ns1:StatusReason>8</ns1:StatusReason>` +
		`<ns1:TimeStamp>1425895935</ns1:TimeStamp><ns1:IPAddress><ns1:item><ns1:IP>2001:db8::1</ns1:IP></ns1:item><ns1:item><ns1:IP>10.1.1.1</ns1:IP><ns1:IPAddrType>ipv4</ns1:IPAddrType></ns1:item></ns1:IPAddress></ns1:item></ns1:CmDevices></ns1:item>` +
		`</ns1:CmNodes></ns1:SelectCmDeviceResult><ns1:StateInfo>&lt;StateInfo/></ns1:StateInfo></ns1:selectCmDeviceReturn></ns1:selectCmDeviceResponse>`
	got, err := all(t, c, []string{"SEP1", "S<2"})
	want := Batch{Phones: []Registration{{Name: "SEP1", Node: "cucm-pub", Status: Unregistered, Reason: 8, Time: time.Unix(1425895935, 0).UTC(), Address: netip.MustParseAddr("10.1.1.1")}, {Name: "S<2"}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if path != risPath || action != `"selectCmDevice"` || body != head+`<ns:selectCmDevice`+ns+`><ns:StateInfo></ns:StateInfo><ns:CmSelectionCriteria><ns:MaxReturnedDevices>1000</ns:MaxReturnedDevices>`+
		`<ns:DeviceClass>Phone</ns:DeviceClass><ns:Model>255</ns:Model><ns:Status>Any</ns:Status><ns:NodeName></ns:NodeName><ns:SelectBy>Name</ns:SelectBy>`+
		`<ns:SelectItems><ns:item><ns:Item>SEP1</ns:Item></ns:item><ns:item><ns:Item>S&lt;2</ns:Item></ns:item></ns:SelectItems><ns:Protocol>Any</ns:Protocol><ns:DownloadStatus>Any</ns:DownloadStatus>`+
		`</ns:CmSelectionCriteria></ns:selectCmDevice>`+tail {
		t.Errorf("%s %s\n%s", path, action, body)
	}
	// An older shape of the address, and an empty list.
	answer = `<selectCmDeviceResponse><selectCmDeviceReturn><SelectCmDeviceResult><CmNodes><item><ReturnCode>Ok</ReturnCode><CmDevices><item><Name>SEP1</Name><Status>Registered</Status><IPAddress>10.1.1.2</IPAddress></item></CmDevices></item></CmNodes></SelectCmDeviceResult></selectCmDeviceReturn></selectCmDeviceResponse>`
	if got, err := all(t, c, []string{"SEP1"}); err != nil || got.Phones[0].Address != netip.MustParseAddr("10.1.1.2") {
		t.Errorf("%+v, %v", got, err)
	}
	answer = `<selectCmDeviceResponse><selectCmDeviceReturn/></selectCmDeviceResponse>`
	if got, err := all(t, c, []string{"SEP1"}); err != nil || got.Phones[0].Status != NotFound {
		t.Errorf("%+v, %v", got, err)
	}

	answer = `<ns1:soapGetServiceStatusResponse xmlns:ns1="http://schemas.cisco.com/ast/soap"><ns1:soapGetServiceStatusReturn><ns1:ReturnCode>0</ns1:ReturnCode><ns1:ReasonCode>-1</ns1:ReasonCode><ns1:ReasonString/><ns1:ServiceInfoList>` +
		`<ns1:item><ns1:ServiceName>Cisco Tftp</ns1:ServiceName><ns1:ServiceStatus>Started</ns1:ServiceStatus><ns1:ReasonCode>-1</ns1:ReasonCode><ns1:ReasonCodeString> </ns1:ReasonCodeString><ns1:StartTime>Mon Mar  9 10:32:15 2015</ns1:StartTime><ns1:UpTime>3601</ns1:UpTime></ns1:item>` +
		`<ns1:item><ns1:ServiceName>Cisco CTL Provider</ns1:ServiceName><ns1:ServiceStatus>Stopped</ns1:ServiceStatus><ns1:ReasonCode>-1068</ns1:ReasonCode><ns1:ReasonCodeString>Service Not Activated </ns1:ReasonCodeString><ns1:StartTime/><ns1:UpTime>-1</ns1:UpTime></ns1:item>` +
		`</ns1:ServiceInfoList></ns1:soapGetServiceStatusReturn></ns1:soapGetServiceStatusResponse>`
	states, err := c.Services(t.Context(), services.TFTP, services.CTLProvider)
	if err != nil || !reflect.DeepEqual(states, []ServiceState{
		{services.TFTP, "Started", -1, "", "Mon Mar 9 10:32:15 2015", 3601 * time.Second}, {services.CTLProvider, "Stopped", -1068, "Service Not Activated", "", 0},
	}) {
		t.Errorf("%+v, %v", states, err)
	}
	if path != ccPath || action != `"soapGetServiceStatus"` || body != head+`<ns:soapGetServiceStatus`+ns+`><ns:ServiceStatus>Cisco Tftp</ns:ServiceStatus><ns:ServiceStatus>Cisco CTL Provider</ns:ServiceStatus></ns:soapGetServiceStatus>`+tail {
		t.Errorf("%s %s\n%s", path, action, body)
	}
	answer = `<soapGetServiceStatusResponse><soapGetServiceStatusReturn><ReturnCode>-1</ReturnCode><ReasonCode>-1069</ReasonCode><ReasonString>No such service</ReasonString></soapGetServiceStatusReturn></soapGetServiceStatusResponse>`
	if _, err := c.Services(t.Context(), "x"); err == nil || err.Error() != "x: No such service (code -1069)" {
		t.Error(err)
	}
	answer, code = `<soapenv:Fault><faultcode>soapenv:Server.userException</faultcode><faultstring>AxisFault: something</faultstring><detail/></soapenv:Fault>`, 500
	if _, err := c.Services(t.Context()); err == nil || err.Error() != "Serviceability soapGetServiceStatus: AxisFault: something" {
		t.Error(err)
	}
	if answer = "<html/>"; true {
		if _, err := c.Services(t.Context()); err == nil || errors.Is(err, ErrMalformed) {
			t.Errorf("a page with 500: %v", err)
		}
	}
	if code = 200; true {
		if _, err := c.Services(t.Context()); !errors.Is(err, ErrMalformed) {
			t.Errorf("a page: %v", err)
		}
	}
}
