package lab

import (
	"fmt"
	"hash/fnv"
	"net"
	"net/netip"
)

// Ports of a node; zero where it has no such service.
type Ports struct {
	CTLP  int `json:",omitempty"` // CTL Provider, TLS
	TVS   int `json:",omitempty"` // Trust Verification Service, TLS
	HTTP  int `json:",omitempty"` // the files of TFTP over HTTP
	TFTP  int `json:",omitempty"` // UDP
	SFTP  int `json:",omitempty"`
	SSH   int `json:",omitempty"` // administration CLI
	HTTPS int `json:",omitempty"` // Tomcat: the phones' buttons; of a CUCM node all its interfaces
}

// Where the services are found unless the port is taken. TFTP, SFTP and SSH
// have their own ports below 1024 on a real node.
var defaultPorts = Ports{CTLP: 2444, TVS: 2445, HTTP: 6970, TFTP: 6969, SFTP: 2222, SSH: 2223, HTTPS: 8443}

// portsOf a role: which services it runs. A CUCM node as Cisco ships it has no CTL
// Provider of ours.
func portsOf(role string, cucm bool) Ports {
	d := defaultPorts
	switch role {
	case rolePublisher, roleSubscriber:
		if cucm {
			d.CTLP = 0
		}
		return Ports{CTLP: d.CTLP, TVS: d.TVS, HTTP: d.HTTP, TFTP: d.TFTP, SSH: d.SSH, HTTPS: d.HTTPS}
	case roleTFTP:
		return Ports{HTTP: d.HTTP, TFTP: d.TFTP, SFTP: d.SFTP}
	default:
		return Ports{SFTP: d.SFTP}
	}
}

// chooseAddresses gives n nodes an address each in a block of their own, so
// that several labs run at once: the block follows from the folder's name, and
// the next is taken where another program answers already. Where the system
// has no loopback address but 127.0.0.1, all nodes share it and the ports tell
// them apart.
func chooseAddresses(dir string, n int) []string {
	h := fnv.New32a()
	h.Write([]byte(dir))
	seed := h.Sum32()
	for try := range uint32(16) {
		block := seed + try
		// 127.64.0.0 and up: clear of what distributions use for themselves.
		base := netip.AddrFrom4([4]byte{127, byte(64 + block>>8%128), byte(block), 11})
		l, err := net.Listen("tcp", netip.AddrPortFrom(base, uint16(defaultPorts.HTTPS)).String())
		if err != nil || l.Close() != nil {
			continue
		}
		out := make([]string, n)
		for i := range out {
			out[i] = base.String()
			base = base.Next()
		}
		return out
	}
	out := make([]string, n)
	for i := range out {
		out[i] = "127.0.0.1"
	}
	return out
}

// listen opens a TCP listener on the port wanted or, where move says that
// another may be taken, on a free one. port is told which it became.
func listen(address string, port *int, move bool) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(address, fmt.Sprint(*port)))
	if err != nil && move {
		l, err = net.Listen("tcp", net.JoinHostPort(address, "0"))
	}
	if err != nil {
		return nil, err
	}
	*port = l.Addr().(*net.TCPAddr).Port
	return l, nil
}

func listenPacket(address string, port *int, move bool) (net.PacketConn, error) {
	c, err := net.ListenPacket("udp", net.JoinHostPort(address, fmt.Sprint(*port)))
	if err != nil && move {
		c, err = net.ListenPacket("udp", net.JoinHostPort(address, "0"))
	}
	if err != nil {
		return nil, err
	}
	*port = c.LocalAddr().(*net.UDPAddr).Port
	return c, nil
}

func hostPort(address string, port int) string {
	return net.JoinHostPort(address, fmt.Sprint(port))
}
