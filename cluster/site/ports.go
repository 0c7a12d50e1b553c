package site

import (
	"net"
	"strconv"
)

// Port names one of a node's ports by its key in the profile.
type Port string

// The ports.
const (
	PortCTLP  Port = "ctlp-port"  // CTL Provider
	PortHTTPS Port = "https-port" // AXL, RisPort70, Control Center, OS Administration
	PortSFTP  Port = "sftp-port"
	PortTFTP  Port = "tftp-port"
	PortHTTP  Port = "http-port" // files as TFTP serves them
	PortTVS   Port = "tvs-port"
	PortSSH   Port = "ssh-port" // administration CLI
)

var allPorts = []Port{PortCTLP, PortHTTPS, PortSFTP, PortTFTP, PortHTTP, PortTVS, PortSSH}

// At is a port of a Node, as its fields hold them.
func At(port int) *int { return &port }

// NotRun is the port of a service that a node does not run, as its fields hold it.
func NotRun() *int { return At(0) }

// set is the port as the profile says it; nil: it does not.
func (n *Node) set(p Port) *int {
	switch p {
	case PortCTLP:
		return n.CTLPPort
	case PortHTTPS:
		return n.HTTPSPort
	case PortSFTP:
		return n.SFTPPort
	case PortTFTP:
		return n.TFTPPort
	case PortHTTP:
		return n.HTTPPort
	case PortTVS:
		return n.TVSPort
	case PortSSH:
		return n.SSHPort
	}
	return nil
}

// Port is where the node runs a service: as the profile says, else the default of the
// node's role. 0: it does not run it.
func (n *Node) Port(p Port) int {
	if set := n.set(p); set != nil {
		return *set
	}
	switch {
	case p == PortCTLP:
		return 2444
	case p == PortHTTPS && n.IsCUCM():
		return 8443
	case p == PortSFTP, p == PortSSH:
		return 22
	case p == PortTFTP && n.Role != RoleFirewall:
		return 69
	case p == PortHTTP && n.Role != RoleFirewall:
		return 6970
	case p == PortTVS && n.IsCUCM():
		return 2445
	}
	return 0
}

// Addr is host:port of a service, to dial.
func (n *Node) Addr(p Port) string {
	return net.JoinHostPort(n.Address, strconv.Itoa(n.Port(p)))
}

// IsCUCM reports a node of the call manager cluster itself.
func (n *Node) IsCUCM() bool { return n.Role == RolePublisher || n.Role == RoleSubscriber }
