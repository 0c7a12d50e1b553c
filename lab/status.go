package lab

// Status of a lab.
type Status struct {
	Version       string // release, "12.0"
	Full          string // as show version active prints it
	CUCM          bool   // as Cisco ships it
	Mixed         bool
	Rollback      bool
	ExportRefused bool
	Faults        map[string]int `json:",omitempty"` // see [Faults]
	Nodes         []NodeStatus
	Phones        []PhoneStatus
}

// NodeStatus of one node; checksums are MD5, empty where it serves no such list.
type NodeStatus struct {
	Name, Address, Role string
	Ports               Ports
	Running             bool
	Folder              string
	CTL, ITL            string
	Services            []Service `json:",omitempty"`
	RestartDue          bool
}

// PhoneStatus of one phone; checksums of what it holds are MD5.
type PhoneStatus struct {
	Name, Model string
	CTL, ITL    string
	Registered  bool
	Page        string // of its web page, host:port; empty: it has none
}

// Status of the cluster now.
func (l *Lab) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Status{Version: l.st.Release, Full: l.release().full, CUCM: l.st.CUCM, Mixed: l.st.Mixed, Rollback: l.st.Rollback,
		ExportRefused: l.st.ExportRefused, Faults: l.faultsNow()}
	for _, n := range l.Nodes {
		s.Nodes = append(s.Nodes, NodeStatus{Name: n.Name, Address: n.Address, Role: n.Role, Ports: n.Ports(),
			Running: n.Running(), Folder: n.Folder, CTL: n.checksum(ctlName), ITL: n.checksum(itlName),
			Services: n.Services(), RestartDue: n.RestartDue()})
	}
	for _, p := range l.Phones {
		is, _ := l.phones.get(p.Name)
		st := PhoneStatus{Name: p.Name, Model: p.Model, Registered: is.registered}
		if page := p.Page(); page.IsValid() {
			st.Page = page.String()
		}
		if p.CTL != nil {
			st.CTL = p.CTL.MD5()
		}
		if p.ITL != nil {
			st.ITL = p.ITL.MD5()
		}
		s.Phones = append(s.Phones, st)
	}
	return s
}

// checksum of a list that the node serves; empty when there is none to read.
func (n *Node) checksum(name string) string {
	list, err := n.list(name)
	if err != nil || list == nil {
		return ""
	}
	return list.MD5()
}
