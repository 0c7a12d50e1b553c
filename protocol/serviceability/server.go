package serviceability

import (
	"encoding/xml"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ctlclient/protocol/internal/soap"
)

// Call is one request, Refusal an answer without SOAP.
type (
	Call    = soap.Credentials
	Refusal = soap.Refusal
)

// Backend is the node that a Server answers for. Its methods are called from several
// goroutines.
type Backend interface {
	// Begin is asked before each request is carried out; nil lets it. A *Refusal is
	// answered with its status code, a *Fault with Cisco's fault, any other error with a
	// fault in its words. RateExceeded is the fault of one who asks too often.
	Begin(Call) error

	// Phones says what each node of the cluster knows of phones; no names: of all. It may
	// leave out those that were not asked for.
	Phones(names []string) []NodePhones

	// Services of this node; none named: all.
	Services(names []string) []ServiceState

	// Control starts, stops or restarts; kind is Cisco's word. What it gives is what the
	// node says at once, before the service runs.
	Control(node, kind string, names []string) []ServiceState
}

// NodePhones is what one node says of phones.
type NodePhones struct {
	Node   string
	Code   string // "Ok", "NotFound", "NodeNotResponding", ...; empty: Ok, or NotFound where it has none
	Phones []Registration
}

// RateExceeded is Cisco's fault for more than 15 questions a minute, in its spelling.
func RateExceeded() error {
	return &Fault{Operation: "selectCmDevice", Words: "AxisFault: Exceeded allowed rate for Reatime information."}
}

// NotActivated is what a node says of a service that is not activated on it.
func NotActivated(name string) ServiceState {
	return ServiceState{Name: name, State: "Stopped", Code: codeNotActivated, Words: "Service Not Activated "}
}

// Server is the http.Handler of both services, under the paths that Cisco gives them.
type Server struct {
	mux     *http.ServeMux
	backend Backend
	fronts  []*soap.Front
}

// Paths are what a Server answers.
var Paths = []string{risPath, ccPath}

// NewServer answers for backend.
func NewServer(backend Backend) *Server {
	s := &Server{mux: http.NewServeMux(), backend: backend}
	for path, operations := range map[string]map[string]func(func(any) error) (any, error){
		risPath: {"selectCmDevice": s.selectPhones, "selectCmDeviceExt": s.selectPhones},
		ccPath:  {"soapGetServiceStatus": s.status, "soapDoControlServices": s.control},
	} {
		front := &soap.Front{Begin: backend.Begin, Fault: faultOf, Answer: func(name xml.Name, _ string, decode func(any) error) ([]byte, error) {
			operation, ok := operations[name.Local]
			if !ok || name.Space != namespace {
				return nil, &Fault{Words: "No such operation '" + name.Local + "'"}
			}
			answer, err := operation(decode)
			if err != nil {
				return nil, err
			}
			local := name.Local
			if local == "selectCmDeviceExt" {
				local = "selectCmDevice" // the answer of both has this name
			}
			return soap.Element(namespace, local+"Response", answer)
		}}
		s.fronts = append(s.fronts, front)
		s.mux.Handle(path, front)
	}
	return s
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// ForgetSessions makes every cookie given so far a stale one, which is answered with 404.
func (s *Server) ForgetSessions() {
	for _, f := range s.fronts {
		f.ForgetSessions()
	}
}

func faultOf(_ string, err error) *soap.Fault {
	if fault, ok := errors.AsType[*Fault](err); ok {
		return &soap.Fault{String: fault.Words}
	}
	return &soap.Fault{String: err.Error()}
}

// What a question is read into: as the schema has it, whatever the prefix.
type (
	selectQuestion struct {
		Max   string   `xml:"CmSelectionCriteria>MaxReturnedDevices"`
		Items []string `xml:"CmSelectionCriteria>SelectItems>item>Item"`
		Code  string   `xml:"CmSelectionCriteria>Status"`
	}
	statusQuestion struct {
		Names []string `xml:"ServiceStatus"`
	}
	controlQuestion struct {
		Node     string   `xml:"ControlServiceRequest>NodeName"`
		Kind     string   `xml:"ControlServiceRequest>ControlType"`
		Services []string `xml:"ControlServiceRequest>ServiceList>item"`
	}
)

// What is answered: every element of the schema, each qualified.
type (
	selectAnswer struct {
		Total int          `xml:"ns:selectCmDeviceReturn>ns:SelectCmDeviceResult>ns:TotalDevicesFound"`
		Nodes []nodeAnswer `xml:"ns:selectCmDeviceReturn>ns:SelectCmDeviceResult>ns:CmNodes>ns:item"`
		State string       `xml:"ns:selectCmDeviceReturn>ns:StateInfo"`
	}
	nodeAnswer struct {
		Code     string        `xml:"ns:ReturnCode"`
		Name     string        `xml:"ns:Name"`
		NoChange bool          `xml:"ns:NoChange"`
		Phones   []phoneAnswer `xml:"ns:CmDevices>ns:item"`
	}
	phoneAnswer struct {
		Name          string          `xml:"ns:Name"`
		Number        string          `xml:"ns:DirNumber"`
		Class         string          `xml:"ns:DeviceClass"`
		Model         int             `xml:"ns:Model"`
		Product       int             `xml:"ns:Product"`
		BoxProduct    int             `xml:"ns:BoxProduct"`
		Web           string          `xml:"ns:Httpd"`
		Attempts      int             `xml:"ns:RegistrationAttempts"`
		Controllable  bool            `xml:"ns:IsCtiControllable"`
		Login         string          `xml:"ns:LoginUserId"`
		Status        Status          `xml:"ns:Status"`
		Reason        int             `xml:"ns:StatusReason"`
		PerfMon       int             `xml:"ns:PerfMonObject"`
		DChannel      int             `xml:"ns:DChannel"`
		Description   string          `xml:"ns:Description"`
		Trunk         trunkAnswer     `xml:"ns:H323Trunk"`
		Time          int64           `xml:"ns:TimeStamp"`
		Protocol      string          `xml:"ns:Protocol"`
		Lines         int             `xml:"ns:NumOfLines"`
		LinesStatus   string          `xml:"ns:LinesStatus"`
		Load          string          `xml:"ns:ActiveLoadID"`
		InactiveLoad  string          `xml:"ns:InactiveLoadID"`
		Download      string          `xml:"ns:DownloadStatus"`
		FailureReason string          `xml:"ns:DownloadFailureReason"`
		LoadServer    string          `xml:"ns:DownloadServer"`
		Addresses     []addressAnswer `xml:"ns:IPAddress>ns:item"`
	}
	// trunkAnswer is there, and empty, for a phone too.
	trunkAnswer struct {
		ConfigName     string `xml:"ns:ConfigName"`
		TechPrefix     string `xml:"ns:TechPrefix"`
		Zone           string `xml:"ns:Zone"`
		Remote1        string `xml:"ns:RemoteCmServer1"`
		Remote2        string `xml:"ns:RemoteCmServer2"`
		Remote3        string `xml:"ns:RemoteCmServer3"`
		AltGkList      string `xml:"ns:AltGkList"`
		ActiveGk       string `xml:"ns:ActiveGk"`
		CallSignalAddr string `xml:"ns:CallSignalAddr"`
		RasAddr        string `xml:"ns:RasAddr"`
	}
	addressAnswer struct {
		IP        string `xml:"ns:IP"`
		Type      string `xml:"ns:IPAddrType"`
		Attribute string `xml:"ns:Attribute"`
	}
	serviceAnswer struct {
		Name    string `xml:"ns:ServiceName"`
		State   string `xml:"ns:ServiceStatus"`
		Code    int    `xml:"ns:ReasonCode"`
		Words   string `xml:"ns:ReasonCodeString"`
		Started string `xml:"ns:StartTime"`
		Up      int    `xml:"ns:UpTime"`
	}
	servicesAnswer struct {
		Code     string          `xml:"ns:ReturnCode"`
		Reason   int             `xml:"ns:ReasonCode"`
		Words    string          `xml:"ns:ReasonString"`
		Services []serviceAnswer `xml:"ns:ServiceInfoList>ns:item"`
	}
)

// selectPhones answers with at most as many phones as may be told, and cuts the rest.
func (s *Server) selectPhones(decode func(any) error) (any, error) {
	var q selectQuestion
	if err := decode(&q); err != nil {
		return nil, err
	}
	asked := map[string]bool{}
	for _, name := range q.Items {
		asked[strings.ToUpper(strings.TrimSpace(name))] = true
	}
	all := asked["*"]
	if all {
		q.Items = nil
	}
	room := number(q.Max)
	if room == 0 || room > MaxPhones {
		room = MaxPhones
	}
	var answer selectAnswer
	for _, node := range s.backend.Phones(q.Items) {
		n := nodeAnswer{Code: node.Code, Name: node.Node}
		for _, p := range node.Phones {
			if !all && !asked[strings.ToUpper(p.Name)] || q.Code != "" && q.Code != "Any" && q.Code != string(p.Status) {
				continue
			}
			answer.Total++
			if room > 0 {
				room--
				n.Phones = append(n.Phones, answerOf(p))
			}
		}
		if n.Code == "" {
			if n.Code = "Ok"; len(n.Phones) == 0 {
				n.Code = "NotFound"
			}
		}
		answer.Nodes = append(answer.Nodes, n)
	}
	return answer, nil
}

func answerOf(p Registration) phoneAnswer {
	yesNo := map[bool]string{true: "Yes", false: "No"}
	a := phoneAnswer{Name: p.Name, Class: "Phone", Model: p.Model, Web: yesNo[p.Web], Status: p.Status, Reason: p.Reason,
		Time: max(p.Time.Unix(), 0), Protocol: p.Protocol, Lines: 1, Load: p.Load, InactiveLoad: p.InactiveLoad, Download: p.Download}
	if a.Protocol == "" {
		a.Protocol = "Unknown"
	}
	if a.Download == "" {
		a.Download = "Unknown"
	}
	if a.Status == NotFound {
		a.Status = Unknown
	}
	if p.Address.IsValid() {
		kind := "ipv4"
		if p.Address.Is6() {
			kind = "ipv6"
		}
		a.Addresses = []addressAnswer{{p.Address.String(), kind, "Unknown"}}
	}
	return a
}

func (s *Server) status(decode func(any) error) (any, error) {
	var q statusQuestion
	if err := decode(&q); err != nil {
		return nil, err
	}
	if len(q.Names) == 1 && q.Names[0] == "" {
		q.Names = nil
	}
	return struct {
		Result servicesAnswer `xml:"ns:soapGetServiceStatusReturn"`
	}{servicesOf(s.backend.Services(q.Names))}, nil
}

func (s *Server) control(decode func(any) error) (any, error) {
	var q controlQuestion
	if err := decode(&q); err != nil {
		return nil, err
	}
	switch q.Kind {
	case "Start", "Stop", "Restart":
	default:
		return nil, &Fault{Words: "unknown ControlType " + strconv.Quote(q.Kind)}
	}
	return struct {
		Result servicesAnswer `xml:"ns:soapDoControlServicesReturn"`
	}{servicesOf(s.backend.Control(q.Node, q.Kind, q.Services))}, nil
}

func servicesOf(states []ServiceState) servicesAnswer {
	a := servicesAnswer{Code: "0", Reason: codeNone}
	for _, s := range states {
		code := s.Code
		if code == 0 {
			code = codeNone
		}
		a.Services = append(a.Services, serviceAnswer{s.Name, s.State, code, s.Words, s.Started, int(s.Up / time.Second)})
	}
	return a
}
