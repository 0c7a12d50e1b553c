package site

import (
	"os"
	"strings"

	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// maxCertificate bounds a certificate's file, in bytes.
const maxCertificate = 64 << 10

// Certificate is a server's certificate that a profile names.
type Certificate struct {
	Function ctlbuild.Function
	DER      []byte
}

func splitCertificate(s string) (f ctlbuild.Function, file string, err error) {
	word, file, ok := strings.Cut(s, "=")
	if !ok || file == "" {
		return 0, "", message.Errorf("certificate %q is not FUNCTION=FILE, such as ccm+tftp=server.pem", s)
	}
	f, err = ctlbuild.ParseFunction(word)
	return f, file, err
}

// ReadCertificates reads the certificates, PEM or DER, that a node of the profile names.
// Errors are *Error.
func (p *Profile) ReadCertificates(n *Node) ([]Certificate, error) {
	var out []Certificate
	for _, s := range n.Certificates {
		function, name, err := splitCertificate(s)
		if err != nil {
			return nil, p.bad(n.Name, "certificates", err)
		}
		der, err := readCertificate(p.Resolve(name))
		if err != nil {
			return nil, p.bad(n.Name, "certificates", message.Errorf("certificate %s: %w", name, err))
		}
		out = append(out, Certificate{Function: function, DER: der})
	}
	return out, nil
}

func readCertificate(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := readBounded(f, maxCertificate)
	if err != nil {
		return nil, err
	}
	c, err := ctlbuild.ParseCertificate(data)
	if err != nil {
		return nil, err
	}
	return c.DER, nil
}
