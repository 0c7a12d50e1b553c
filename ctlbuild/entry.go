package ctlbuild

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"

	"ctlclient/message"
)

// Dialect is how the records of a new file are written. Phones read both.
type Dialect uint8

// The dialects, by who writes them.
const (
	DialectCTLClient Dialect = iota // no SIGNATURE; DNSNAME as the administrator's list shows, usually the address
	DialectTokenless                // `utils ctl`: SIGNATURE present, DNSNAME is the host name
)

// SerialOrder is the byte order of the serial number in a new token record.
type SerialOrder uint8

// The byte orders.
const (
	LittleEndian SerialOrder = iota // as CryptoAPI has it and the CTL Client writes it
	BigEndian                       // for clusters whose lists were made by other tools
)

// Entry describes a record to be made from a certificate.
type Entry struct {
	Function    Function
	Certificate []byte     // DER or PEM
	Host        string     // DNSNAME; the address when empty
	IP          netip.Addr // IPv4; 0.0.0.0 when not valid
	Token       bool       // names and serial number as in a token's record, no host, no address, no SIGNATURE
	SerialOrder SerialOrder
	Dialect     Dialect
	Hash        Digest // when not 0: CERTHASH instead of CERTIFICATE (ITL)
	NoIP        bool   // ITL records have no address, and a blank for a host
}

// NewRecord makes a record in the field order and with the lengths of the files
// that Cisco's tools write.
func NewRecord(e Entry) (Record, error) {
	c, err := ParseCertificate(e.Certificate)
	if err != nil {
		return Record{}, err
	}
	return e.record(c)
}

func (e Entry) record(c *Certificate) (Record, error) {
	if e.Function == NoFunction {
		return Record{}, message.NewError("a record needs a function")
	}
	address, err := e.address()
	if err != nil {
		return Record{}, err
	}
	subject, issuer, serial := c.Subject, c.Issuer, c.Serial
	if e.Token {
		subject, issuer = c.TokenSubject, c.TokenIssuer
		if e.SerialOrder == LittleEndian {
			serial = slices.Clone(serial)
			slices.Reverse(serial)
		}
	}
	var r Record
	r.set(tagDNSName, textValue(e.hostText()))
	r.set(tagSubjectName, textValue(subject))
	r.set(tagFunction, binary.BigEndian.AppendUint16(nil, uint16(e.Function)))
	r.set(tagIssuerName, textValue(issuer))
	r.set(tagRecordSerial, bytes.Clone(serial))
	r.set(tagPublicKey, bytes.Clone(c.RawPublicKey))
	if !e.Token && e.Dialect == DialectTokenless {
		r.set(tagRecordSig, bytes.Clone(c.Signature))
	}
	if e.Hash == 0 {
		r.set(tagCertificate, bytes.Clone(c.DER))
	} else {
		hash, ok := e.Hash.Hash()
		if !ok {
			return Record{}, message.Errorf("unknown digest %d for a record", e.Hash)
		}
		h := hash.New()
		h.Write(c.DER)
		r.set(tagCertHash, h.Sum(nil))
		r.set(tagHashAlg, []byte{byte(e.Hash)})
	}
	if !e.NoIP {
		r.set(tagIPAddress, address)
	}
	if r.Len() > maxRecord {
		return Record{}, message.Errorf("the record would be %d bytes long; at most %d fit", r.Len(), maxRecord)
	}
	return r, nil
}

// address is the value of IPADDRESS.
func (e Entry) address() ([]byte, error) {
	ip := e.IP.Unmap()
	switch {
	case e.Token || !ip.IsValid():
		return []byte{0, 0, 0, 0}, nil
	case !ip.Is4():
		return nil, message.Errorf("the address %s is no IPv4 address, the only kind that a record holds", ip)
	}
	return ip.AsSlice(), nil
}

func (e Entry) hostText() string {
	switch {
	case e.Token:
		return ""
	case e.Host != "":
		return e.Host
	case e.NoIP:
		return " "
	case e.IP.IsValid():
		return e.IP.Unmap().String()
	}
	return ""
}
