package reach

import (
	"fmt"
	"net/netip"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/internal/services"
	"ctlclient/message"
	"ctlclient/trust/release"
)

// Service is one that a node runs.
type Service uint8

// The services that a trust list is about.
const (
	CallManager Service = iota + 1
	TFTP
	CAPF
	CTLProvider
	TVS
)

var serviceNames = [...]struct{ short, cisco string }{
	CallManager: {"CallManager", services.CallManager},
	TFTP:        {"TFTP", services.TFTP},
	CAPF:        {"CAPF", services.CAPF},
	CTLProvider: {"CTL Provider", services.CTLProvider},
	TVS:         {"TVS", services.TVS},
}

// String is the short name, such as "TFTP".
func (s Service) String() string {
	if int(s) < len(serviceNames) && s != 0 {
		return serviceNames[s].short
	}
	return fmt.Sprintf("service %d", uint8(s))
}

// CiscoName is the name in Control Center and on the CLI, such as "Cisco Tftp".
func (s Service) CiscoName() string {
	if int(s) < len(serviceNames) && s != 0 {
		return serviceNames[s].cisco
	}
	return s.String()
}

// ServiceState is what a node says of a service.
type ServiceState uint8

// The states. A service that is not activated is none that can be started.
const (
	StateUnknown ServiceState = iota
	Started
	Stopped
	Starting // or stopping: it changes
	NotActivated
)

func (s ServiceState) String() string {
	switch s {
	case Started:
		return "started"
	case Stopped:
		return "stopped"
	case Starting:
		return "starting"
	case NotActivated:
		return "not activated"
	}
	return "unknown"
}

// Mode is a cluster's security mode.
type Mode uint8

// The modes. ModeUnknown: nobody could be asked.
const (
	ModeUnknown Mode = iota
	NonSecure
	Mixed
)

// String is Cisco's name of the mode.
func (m Mode) String() string { return m.Text().String() }

// Text is the mode in Cisco's words.
func (m Mode) Text() message.Message {
	switch m {
	case NonSecure:
		return message.Phrase("Non Secure Mode")
	case Mixed:
		return message.Phrase("Mixed Mode")
	}
	return message.Phrase("unknown mode")
}

// Server is one server of the cluster as the cluster itself lists it.
type Server struct {
	Name      string // host name, FQDN or address, as the cluster writes it
	Address   string // IP address; may be empty
	Publisher bool
	Services  []Service // that it runs; nil: not known
}

// Credential is one certificate of one server in one role of a trust list.
type Credential struct {
	NodeName, NodeAddress string // of the server, as in Server
	Function              ctlbuild.Function
	Certificate           []byte // DER
}

// Facts are what is true of a cluster at one moment.
type Facts struct {
	Mode Mode
	// Version is zero where it is not known; see FactSource.Version.
	Version     release.Version
	Servers     []Server
	Credentials []Credential
	// SecurityByDefault has the models of phone that the cluster says support it, as it
	// spells them; nil: it does not say, which is no "no".
	SecurityByDefault []string
	// From says which door each fact came through, by the field's name in lower case
	// ("mode", "version", "servers", "credentials"); for a person.
	From map[string]Door
	// Warnings are what could not be found out, one sentence each.
	Warnings []message.Message
}

// Names of certificate stores, as Cisco spells them.
const StorePhoneSAST = "Phone-SAST-trust"

// StoredCertificate is one certificate of a trust store.
type StoredCertificate struct {
	Store       string // "Phone-SAST-trust"
	Name        string // as the cluster shows it: file or common name
	Description string
	Certificate []byte // DER; nil: the door gives names alone
}

// Registration of a phone.
type Registration uint8

// The registrations.
const (
	RegistrationUnknown Registration = iota
	Registered
	PartiallyRegistered
	Unregistered
	Rejected
)

func (r Registration) String() string {
	switch r {
	case Registered:
		return "registered"
	case PartiallyRegistered:
		return "partially registered"
	case Unregistered:
		return "unregistered"
	case Rejected:
		return "rejected"
	}
	return "unknown"
}

// Phone is one phone as the cluster knows it. The fields up to TVS are of its
// configuration, those after it are what it does now.
type Phone struct {
	Name        string // SEP and 12 hexadecimal digits
	Description string
	Model       string   // "Cisco 8861"
	Protocol    string   // "SIP" or "SCCP"
	TVS         []string // host:port of the servers of its CallManager group, in order

	Registered Registration
	Server     string     // that it is registered with
	Firmware   string     // load that it runs
	Address    netip.Addr // zero: not known
	Web        bool       // its web page is on
	Seen       time.Time  // of this state, the server's clock; zero: not known
}
