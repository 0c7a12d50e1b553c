package lab

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"ctlclient/internal/services"
	"ctlclient/protocol/axl"
	"ctlclient/protocol/certapi"
	"ctlclient/protocol/osadmin"
	"ctlclient/protocol/serviceability"
	"ctlclient/trust"
)

// A node as Cisco ships it: its interfaces on port 8443.

// cucm answers them for one node.
type cucm struct{ n *Node }

// firstREST is the first release with the certificate REST API.
const firstREST = 14

// handle adds the interfaces to a node's HTTPS.
func (c cucm) handle(mux *http.ServeMux) {
	enter := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			leave, ok := c.n.lab.enter()
			if !ok {
				http.Error(w, "the node is switched off", http.StatusServiceUnavailable)
				return
			}
			defer leave()
			h.ServeHTTP(w, r)
		})
	}
	mux.Handle("/axl/", enter(axl.NewServer(axlNode{c})))
	soap := serviceability.NewServer(soapNode{c})
	for _, path := range serviceability.Paths {
		mux.Handle(path, enter(soap))
	}
	form := osadmin.NewServer(formNode{c})
	form.Old = strings.HasPrefix(c.n.lab.st.Release, "10.")
	mux.Handle(osadmin.Prefix, enter(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.n.lab.fault(FaultGarbled) > 0 && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "Upload.do") {
			w = garble(w)
		}
		form.ServeHTTP(w, r)
	})))
	mux.Handle(certapi.Prefix, enter(certapi.NewServer(restNode{c})))
}

// application judges the application user; operation is what was asked for.
func (c cucm) application(user, password, operation string) error {
	l := c.n.lab
	l.log.printf("%s: %s asks %s", c.n.name(), user, operation)
	if l.fault(FaultApplication) > 0 || !l.login(user, adminUser, []byte(password)) {
		return &axl.Refusal{Code: http.StatusUnauthorized}
	}
	return nil
}

// axlNode answers AXL.
type axlNode struct{ cucm }

func (c axlNode) Begin(call axl.Call) error {
	if err := c.application(call.User, call.Password, "AXL "+call.Operation); err != nil {
		return err
	}
	l := c.n.lab
	switch {
	case l.fault(FaultRole) > 0:
		return &axl.Refusal{Code: http.StatusForbidden}
	case l.takeFault(FaultAXLBusy):
		return &axl.Refusal{Code: http.StatusServiceUnavailable, RetryAfter: time.Second}
	}
	return nil
}

func (c axlNode) Version() string { return c.n.lab.release().full }

func (c axlNode) Mixed() bool {
	c.n.lab.mu.Lock()
	defer c.n.lab.mu.Unlock()
	return c.n.lab.st.Mixed
}

func (c axlNode) Nodes() []axl.Node {
	var out []axl.Node
	for _, n := range c.n.lab.callManagers() {
		out = append(out, axl.Node{Name: n.entry(), Description: n.name(), Publisher: n.Role == rolePublisher})
	}
	return out
}

func (c axlNode) Services() []axl.Service {
	var out []axl.Service
	for _, n := range c.n.lab.callManagers() {
		for _, name := range n.activated() {
			out = append(out, axl.Service{Node: n.entry(), Name: name, Active: true})
		}
		out = append(out, axl.Service{Node: n.entry(), Name: services.CTLProvider})
	}
	return out
}

// entry is how the node was entered into the cluster's server table: by its address, as
// on a cluster without DNS, because no system resolves a lab's host names. Where the
// nodes share an address, the name has to do.
func (n *Node) entry() string {
	if n.Address == "127.0.0.1" {
		return n.name()
	}
	return n.Address
}

// activated services of a node.
func (n *Node) activated() []string {
	names := []string{services.CallManager, services.TFTP, services.TVS}
	if n.Role == rolePublisher {
		names = append(names, services.CAPF)
	}
	return names
}

// poolName is the device pool of a phone: one for each CallManager group.
func poolName(group []string) string {
	if len(group) == 0 {
		return "Default"
	}
	return "DP " + strings.Join(group, " ")
}

func (l *Lab) pool(phone string, group []string) axl.Pool {
	p := axl.Pool{Name: poolName(group), Group: "CMG " + strings.Join(group, " ")}
	if len(group) == 0 {
		p.Group = "Default"
	}
	for _, n := range l.group(phone) {
		p.Members = append(p.Members, n.entry())
	}
	return p
}

func (c axlNode) Pools() []axl.Pool {
	l := c.n.lab
	out := []axl.Pool{l.pool("", nil)}
	for i := range l.st.Phones {
		st := &l.st.Phones[i] // no copy: a boot changes other parts of it
		p := l.pool(st.Name, st.Group)
		if !slices.ContainsFunc(out, func(known axl.Pool) bool { return known.Name == p.Name }) {
			out = append(out, p)
		}
	}
	return out
}

// SecurityByDefault is the feature table, for the models that this cluster has.
func (c axlNode) SecurityByDefault() []axl.Feature {
	if c.n.lab.st.NoITL {
		return nil
	}
	var models []string
	for _, p := range c.n.lab.Phones {
		models = append(models, p.Model)
	}
	if c.n.lab.st.Crowd > 0 {
		models = append(models, crowdModels...)
	}
	var out []axl.Feature
	for _, model := range models {
		f := axl.Feature{Model: "Cisco " + model, Name: "Security By Default"}
		if can, known, _ := trust.CanAskTVS(model); known && can && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

func (c axlNode) Certificates() []axl.Certificate {
	var out []axl.Certificate
	for _, held := range c.n.holdings() {
		out = append(out, axl.Certificate{Store: held.store, Server: held.server, Subject: held.subject, Issuer: held.issuer, Serial: held.serial, DER: held.der})
	}
	return out
}

func (c axlNode) Phones(skip, first int) ([]axl.Phone, int) {
	l := c.n.lab
	known := l.st.Phones
	total := len(known) + l.st.Crowd
	end := total
	if first >= 0 {
		end = min(skip+first, total)
	}
	mode := "Non-Secure"
	if c.Mixed() {
		mode = "Secure"
	}
	var out []axl.Phone
	for i := skip; i < end; i++ {
		if i >= len(known) {
			out = append(out, l.crowdPhone(i-len(known), mode, poolName(nil)))
			continue
		}
		st := &known[i]
		name := "Cisco " + st.Model
		out = append(out, axl.Phone{Name: st.Name, Product: name, Model: name, Protocol: "SIP", DevicePool: poolName(st.Group),
			SecurityProfile: name + " - Standard SIP " + mode + " Profile"})
	}
	return out, total
}

func (c axlNode) ResetPhone(name string, kind axl.ResetKind) error {
	if i, ok := c.n.lab.crowdIndex(name); ok {
		c.n.lab.resetCrowd(i)
		return nil
	}
	p, err := c.n.lab.Phone(name)
	if err != nil {
		return &axl.Fault{Code: 5007, Words: "Item not valid: The specified Name was not found"}
	}
	c.n.lab.log.printf("%s: %s of %s", c.n.name(), kind, name)
	c.n.lab.resetPhone(p)
	return nil
}

// soapNode answers RisPort70 and Control Center.
type soapNode struct{ cucm }

func (c soapNode) Begin(call serviceability.Call) error {
	if err := c.application(call.User, call.Password, call.Operation); err != nil {
		return err
	}
	if strings.HasPrefix(call.Operation, "selectCmDevice") && c.n.lab.takeFault(FaultRate) {
		return serviceability.RateExceeded()
	}
	return nil
}

func (c soapNode) Phones(names []string) []serviceability.NodePhones {
	l := c.n.lab
	at := map[string]int{}
	var out []serviceability.NodePhones
	for _, n := range l.callManagers() {
		at[n.st.Dir] = len(out)
		node := serviceability.NodePhones{Node: n.entry()}
		if !n.Running() {
			node.Code = "NodeNotResponding"
		}
		out = append(out, node)
	}
	for _, name := range names {
		if i, ok := l.crowdIndex(name); ok && len(out) > 0 {
			node := &out[i%min(len(out), 3)]
			if node.Code == "" {
				node.Phones = append(node.Phones, l.crowdRegistration(i, node.Node))
			}
		}
	}
	for _, p := range l.Phones {
		is, known := l.phones.get(p.Name)
		i, ok := at[is.node]
		if !known || !ok || out[i].Code != "" || len(names) > 0 && !slices.Contains(names, p.Name) {
			continue
		}
		r := serviceability.Registration{Name: p.Name, Status: serviceability.Unregistered, Node: out[i].Node, Model: 0, Protocol: "SIP",
			Load: firmware, Download: "Unknown", Address: p.Page().Addr(), Web: p.Page().IsValid(), Time: is.since}
		if is.registered {
			r.Status = serviceability.Registered
		}
		out[i].Phones = append(out[i].Phones, r)
	}
	return out
}

func (c soapNode) Services(names []string) []serviceability.ServiceState {
	if len(names) == 0 {
		names = append(c.n.activated(), services.CTLProvider)
	}
	var out []serviceability.ServiceState
	for _, name := range names {
		out = append(out, c.service(name))
	}
	return out
}

func (c soapNode) service(name string) serviceability.ServiceState {
	if !slices.Contains(c.n.activated(), name) {
		return serviceability.NotActivated(name)
	}
	state := serviceability.ServiceState{Name: name, State: "Started"}
	for _, s := range c.n.Services() {
		if s.Name == name {
			// Two starts within a second are told apart, as they are on a real node.
			state.Started, state.Up = s.Started.Add(time.Duration(s.Restarts)*time.Second).Format(time.ANSIC), time.Since(s.Started)
		}
	}
	return state
}

// codeRefused is our number for a service that Control Center does not restart.
const codeRefused = -1062

func (c soapNode) Control(_, kind string, names []string) []serviceability.ServiceState {
	l := c.n.lab
	var out []serviceability.ServiceState
	for _, name := range names {
		state := c.service(name)
		switch {
		case state.Code != 0:
		case kind != "Restart", l.fault(FaultControl) > 0:
			state.Code, state.Words = codeRefused, "The service cannot be controlled"
		default:
			l.mu.Lock()
			err := c.n.restartService(l.ctx, name)
			l.mu.Unlock()
			state = c.service(name)
			if err != nil {
				state.State, state.Code, state.Words = "Stopped", codeRefused, err.Error()
			}
		}
		out = append(out, state)
	}
	return out
}

// formNode answers OS Administration.
type formNode struct{ cucm }

func (c formNode) Login(user, password string) bool {
	ok := c.n.lab.platformLogin(user, []byte(password))
	c.n.lab.log.printf("%s: OS Administration: login of %s: %t", c.n.name(), user, ok)
	return ok
}

func (c formNode) Files() []string { return c.n.files() }

func (c formNode) Put(name string, data []byte) error {
	l := c.n.lab
	if l.fault(FaultRefuseUpload) > 0 && strings.EqualFold(name, ctlName) {
		l.log.printf("%s: OS Administration: %s refused", c.n.name(), name)
		return errors.New("the file name " + name + " is not allowed")
	}
	if l.fault(FaultLost) > 0 {
		l.log.printf("%s: OS Administration: %s lost", c.n.name(), name)
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return c.n.put(name, data)
}

func (c formNode) Delete(name string) error {
	l := c.n.lab
	l.mu.Lock()
	defer l.mu.Unlock()
	return c.n.remove(name)
}

// garble has a page say nothing, whatever is written.
func garble(w http.ResponseWriter) http.ResponseWriter { return &nothing{ResponseWriter: w} }

type nothing struct {
	http.ResponseWriter
	said bool
}

func (n *nothing) Write(p []byte) (int, error) {
	if !n.said {
		n.said = true
		if _, err := io.WriteString(n.ResponseWriter, "<html><body><div></div></body></html>"); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// restNode answers the certificate REST API.
type restNode struct{ cucm }

func (c restNode) Begin(call certapi.Call) error {
	l := c.n.lab
	var major int
	if _, err := fmt.Sscanf(l.release().full, "%d.", &major); err != nil || major < firstREST || l.fault(FaultNoREST) > 0 {
		return &certapi.Refusal{Code: http.StatusNotFound}
	}
	l.log.printf("%s: REST: %s asks %s %s", c.n.name(), call.User, call.Method, call.Path)
	if !l.platformLogin(call.User, []byte(call.Password)) {
		return &certapi.Refusal{Code: http.StatusUnauthorized}
	}
	return nil
}

func (c restNode) Snapshot() certapi.Snapshot {
	s := certapi.Snapshot{Server: c.n.name(), Stores: []string{"CallManager-trust", storeSAST, "tomcat-trust"}}
	if c.n.lab.fault(FaultNoImport) > 0 {
		s.Stores = []string{"CallManager-trust", "tomcat-trust"}
	}
	for _, held := range c.n.holdings() {
		out := certapi.Certificate{Service: held.store, File: held.file, DER: held.der}
		switch {
		case held.store == storeSAST:
			s.Trusted = append(s.Trusted, out)
		case held.server == c.n.name():
			s.Own = append(s.Own, out)
		}
	}
	return s
}

func (c restNode) Trust(store, _ string, ders [][]byte) error {
	if store != storeSAST {
		return errors.New("a practice cluster takes certificates for " + storeSAST + " alone")
	}
	for _, der := range ders {
		if err := c.n.trustCertificate(der); err != nil {
			return err
		}
	}
	return nil
}
