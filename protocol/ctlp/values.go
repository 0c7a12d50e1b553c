package ctlp

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"
)

// Service is what a node runs.
type Service uint8

// The services, as SERVICE counts them.
const (
	CallManager Service = 1
	TFTP        Service = 2
	CAPF        Service = 3
	CTLProvider Service = 4
	TVS         Service = 5
)

func (s Service) String() string {
	switch s {
	case CallManager:
		return "CallManager"
	case TFTP:
		return "TFTP"
	case CAPF:
		return "CAPF"
	case CTLProvider:
		return "CTL Provider"
	case TVS:
		return "TVS"
	}
	return fmt.Sprintf("service %d", uint8(s))
}

// Node is one server of a cluster.
type Node struct {
	Name      string // host name
	Address   string // IP address
	Publisher bool
	Services  []Service
}

// Credential is one certificate of one server.
type Credential struct {
	NodeName, NodeAddress string
	Function              uint16 // a trust list's FUNCTION number
	Certificate           []byte // DER
}

// Cluster is the publisher's answer about its cluster.
type Cluster struct {
	Mixed bool // security mode
	Nodes []Node
}

// File is a file that a node serves.
type File struct {
	Name   string
	Data   []byte
	SHA256 [32]byte // of Data, checked
	Time   time.Time
	Path   string // where the node keeps it, to show
}

// StageID names a staged file; the server chooses it.
type StageID [16]byte

// Fingerprint is "SHA256:" and the unpadded base64 of the digest of a
// certificate's DER, the form in which ssh prints fingerprints.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

func (c Cluster) encode(b *builder) {
	b.flag(tagSecurityMode, c.Mixed)
	for _, n := range c.Nodes {
		var nb builder
		nb.text(tagNodeName, n.Name)
		nb.text(tagNodeAddress, n.Address)
		nb.flag(tagNodeRole, !n.Publisher)
		for _, s := range n.Services {
			nb.u8(tagService, uint8(s))
		}
		b.bytes(tagNode, nb)
	}
}

func decodeCluster(es *elements) (Cluster, error) {
	c := Cluster{Mixed: es.flag(tagSecurityMode)}
	if es.err != nil {
		return Cluster{}, es.err
	}
	for _, e := range es.list {
		if tag(e.Tag) != tagNode {
			continue
		}
		n, err := decodeNode(e.Value)
		if err != nil {
			return Cluster{}, fmt.Errorf("%v %d: %w", tagNode, len(c.Nodes)+1, err)
		}
		c.Nodes = append(c.Nodes, n)
	}
	return c, nil
}

func decodeNode(b []byte) (Node, error) {
	es, err := parse(b)
	if err != nil {
		return Node{}, err
	}
	n := Node{
		Name:      es.name(tagNodeName),
		Address:   es.name(tagNodeAddress),
		Publisher: !es.flag(tagNodeRole),
	}
	for _, e := range es.list {
		if tag(e.Tag) != tagService {
			continue
		}
		if len(e.Value) != 1 {
			es.fail("%v has %d bytes instead of 1", tagService, len(e.Value))
			break
		}
		n.Services = append(n.Services, Service(e.Value[0]))
	}
	if es.err != nil {
		return Node{}, es.err
	}
	return n, nil
}

func encodeCredentials(b *builder, cs []Credential) {
	for _, c := range cs {
		var cb builder
		cb.text(tagNodeName, c.NodeName)
		cb.text(tagNodeAddress, c.NodeAddress)
		cb.u16(tagFunction, c.Function)
		cb.bytes(tagCertificate, c.Certificate)
		b.bytes(tagCredential, cb)
	}
}

func decodeCredentials(es *elements) ([]Credential, error) {
	var cs []Credential
	for _, e := range es.list {
		if tag(e.Tag) != tagCredential {
			continue
		}
		c, err := decodeCredential(e.Value)
		if err != nil {
			return nil, fmt.Errorf("%v %d: %w", tagCredential, len(cs)+1, err)
		}
		cs = append(cs, c)
	}
	return cs, nil
}

func decodeCredential(b []byte) (Credential, error) {
	es, err := parse(b)
	if err != nil {
		return Credential{}, err
	}
	c := Credential{
		NodeName:    es.name(tagNodeName),
		NodeAddress: es.name(tagNodeAddress),
		Function:    es.u16(tagFunction),
		Certificate: es.bytes(tagCertificate),
	}
	if es.err != nil {
		return Credential{}, es.err
	}
	return c, nil
}
