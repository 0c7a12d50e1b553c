package cucm

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"ctlclient/certificate"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/reach/cli"
	"ctlclient/message"
	"ctlclient/protocol/axl"
	"ctlclient/protocol/certapi"
	"ctlclient/protocol/platform"
)

// byHand is the way that is always open.
var byHand = []message.Message{
	message.Phrase("upload the certificate by hand: OS Administration > Security > Certificate Management > Upload Certificate, purpose Phone-SAST-trust"),
	message.Phrase("the store reaches the other nodes within minutes; then run this again"),
}

// store is the trust store of the cluster.
type store struct{ *cluster }

// List implements reach.TrustStore: AXL, else the certificate API, else the CLI, which
// gives names alone.
func (c store) List(ctx context.Context, store string) ([]reach.StoredCertificate, reach.Door, error) {
	var out []reach.StoredCertificate
	_, err := c.askAXL(ctx, func(a *axl.Client) (none struct{}, err error) {
		certificates, err := a.Certificates(ctx, store)
		for _, cert := range certificates {
			out = append(out, stored(store, cert.Subject, cert.DER))
		}
		return none, err
	})
	if err == nil || !shut(err) || reach.ClassOf(err) == reach.Login {
		return out, DoorAXL, err
	}
	if list, restErr := c.listREST(ctx, store); restErr == nil {
		return list, DoorREST, nil
	}
	list, cliErr := c.listCLI(ctx, store)
	if cliErr != nil {
		return nil, DoorAXL, err // the first door's word
	}
	return list, cli.Door, nil
}

// stored names a certificate as a person looks for it.
func stored(store, name string, der []byte) reach.StoredCertificate {
	if parsed, err := certificate.Parse(der); err == nil && strings.TrimSpace(parsed.CN) != "" {
		name = strings.TrimSpace(parsed.CN)
	}
	return reach.StoredCertificate{Store: store, Name: name, Certificate: der}
}

func (c *cluster) listREST(ctx context.Context, store string) ([]reach.StoredCertificate, error) {
	return askWith(ctx, c.platform, c.pub.Name, DoorREST, c.openREST, func(r *certapi.Client) (out []reach.StoredCertificate, err error) {
		spelt, err := r.PhoneSAST(ctx)
		if err != nil {
			return nil, err
		}
		certificates, err := r.Trusted(ctx, spelt)
		for _, cert := range certificates {
			out = append(out, stored(store, cert.File, cert.DER))
		}
		return out, err
	})
}

func (c *cluster) listCLI(ctx context.Context, store string) (out []reach.StoredCertificate, err error) {
	err = c.onCLI(ctx, c.pub.Name, func(shell *platform.Client) error {
		files, err := shell.TrustedCertificates(ctx)
		for _, f := range files {
			if isPhoneSAST(f.Unit) {
				out = append(out, reach.StoredCertificate{Store: store, Name: strings.TrimSuffix(f.File, ".pem"), Description: f.Text})
			}
		}
		return err
	})
	return out, err
}

// isPhoneSAST tells the store in whatever way a node spells it.
func isPhoneSAST(unit string) bool {
	letters := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(unit))
	return letters == "phonesasttrust" || letters == "phonesast"
}

// Add implements reach.TrustStore: the certificate API, else the CLI. What a door says of
// an upload is not believed: the store is read back.
func (c store) Add(ctx context.Context, store string, der []byte, description string) (reach.Door, error) {
	if store != reach.StorePhoneSAST {
		return "", &reach.Error{Class: reach.Permanent, Server: c.pub.Name, Err: message.Errorf("%s is no store that this program fills", store)}
	}
	rest := c.addREST(ctx, der, description)
	if rest == nil || !shut(rest) && reach.ClassOf(rest) != reach.Refused {
		return DoorREST, rest
	}
	if reach.ClassOf(rest) == reach.Login {
		return DoorREST, rest
	}
	typed := c.addCLI(ctx, der)
	if typed == nil {
		return cli.Door, nil
	}
	if reach.ClassOf(typed) == reach.Unclassified {
		return cli.Door, typed
	}
	return cli.Door, &reach.Error{Class: reach.Permanent, Server: c.pub.Name, Door: cli.Door, Advice: byHand,
		Err: message.Errorf("neither the certificate API (%w) nor the CLI (%w) takes certificates for Phone-SAST-trust", rest, typed)}
}

func (c *cluster) addREST(ctx context.Context, der []byte, description string) error {
	_, err := askWith(ctx, c.platform, c.pub.Name, DoorREST, c.openREST, func(r *certapi.Client) (none struct{}, err error) {
		spelt, err := r.PhoneSAST(ctx)
		if err != nil {
			return none, err
		}
		there := func() (bool, error) {
			certificates, err := r.Trusted(ctx, spelt)
			return slices.ContainsFunc(certificates, func(cert certapi.Certificate) bool { return bytes.Equal(cert.DER, der) }), err
		}
		if found, err := there(); found || err != nil {
			return none, err
		}
		if err := r.Trust(ctx, spelt, description, der); err != nil {
			return none, err
		}
		found, err := there()
		if err == nil && !found {
			err = &certapi.RefusedError{Message: "the node says that it took the certificate, but does not list it"}
		}
		return none, err
	})
	return err
}

func (c *cluster) addCLI(ctx context.Context, der []byte) error {
	if why := c.shells.Missing(c.pub.Name); why != nil {
		return &reach.Error{Class: reach.Permanent, Server: c.pub.Name, Door: cli.Door, Err: why}
	}
	var first error
	var second string
	err := c.onCLI(ctx, c.pub.Name, func(shell *platform.Client) error {
		files, err := shell.TrustedCertificates(ctx)
		if err != nil {
			return err
		}
		// How a node spells the store is read from the node, where it lists one. Elsewhere it
		// is asked under the name that Cisco's guides would give it, then under the store's.
		units := []string{strings.TrimSuffix(reach.StorePhoneSAST, "-trust"), reach.StorePhoneSAST}
		for _, f := range files {
			if isPhoneSAST(f.Unit) {
				units = []string{f.Unit, strings.TrimSuffix(f.Unit, "-trust")}
			}
		}
		second = units[1]
		err = shell.ImportTrust(ctx, units[0], der)
		var unexpected *platform.UnexpectedError
		if !errors.As(err, &unexpected) {
			return err
		}
		first = err
		return nil
	})
	if err != nil || first == nil {
		return err
	}
	// The shell is of no further use after an answer that was not expected.
	err = c.onCLI(ctx, c.pub.Name, func(shell *platform.Client) error { return shell.ImportTrust(ctx, second, der) })
	if err != nil {
		return first
	}
	return nil
}
