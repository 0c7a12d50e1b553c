package site

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
	"ctlclient/trust/release"
)

var (
	nodeName = lazyregexp.New(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$`)
	// A cluster's name also names its profile and its folder of journals.
	clusterName = lazyregexp.New(`^[\pL\pN]([\pL\pN ._-]{0,62}[\pL\pN])?$`)
)

// Validate checks the whole profile; its errors are *Error.
func (p *Profile) Validate() error {
	if key, err := p.validateHead(); err != nil {
		return p.bad("", key, err)
	}
	var publishers []string
	seen := map[string]bool{}
	for i := range p.Nodes {
		n := &p.Nodes[i]
		if !nodeName.MatchString(n.Name) {
			return p.bad("", "name", message.Errorf("node %d: name %q: a node has a name of letters, digits, dots, dashes and underscores", i+1, n.Name))
		}
		if seen[strings.ToLower(n.Name)] {
			return p.bad(n.Name, "name", message.NewError("two nodes have this name"))
		}
		seen[strings.ToLower(n.Name)] = true
		if n.Role == RolePublisher {
			publishers = append(publishers, n.Name)
		}
		if key, err := p.validateWay(n); err != nil {
			return p.bad(n.Name, key, err)
		}
		if key, err := n.validate(); err != nil {
			return p.bad(n.Name, key, err)
		}
	}
	switch {
	case len(publishers) == 0 && p.Publisher != PublisherNone:
		return p.bad("", "role", message.NewError(`no node has role = "publisher"`))
	case len(publishers) > 1:
		return p.bad("", "role", message.Errorf("a cluster has one publisher, not %d: %s", len(publishers), strings.Join(publishers, ", ")))
	}
	return nil
}

func (p *Profile) bad(node, key string, err error) error {
	return &Error{File: p.File, Node: node, Key: key, Err: err}
}

// validateHead checks what stands before the nodes and names the key at fault.
func (p *Profile) validateHead() (key string, err error) {
	switch {
	case !clusterName.MatchString(p.Name):
		return "name", message.Errorf("name %q: a cluster has a name of letters, digits, blanks, dots, dashes and underscores, at most 64", p.Name)
	case !slices.Contains([]string{PublisherCTLP, PublisherCUCM, PublisherNone}, p.Publisher):
		return "publisher", message.Errorf("publisher %q is not ctlp, cucm or none", p.Publisher)
	case p.Publisher == PublisherCUCM && p.User == "":
		return "user", message.NewError("publisher cucm needs `user`, an application user who may use AXL")
	case p.Publisher != PublisherCUCM && p.PlatformUser != "":
		return "platform-user", message.NewError("platform-user is for publisher = \"cucm\"; the administration CLI of a node has ssh-user")
	case len(p.Nodes) == 0:
		return "node", message.NewError("no [[node]] is listed")
	}
	if p.Version != "" {
		if _, err := release.Parse(p.Version); err != nil {
			return "version", message.Errorf("version: %w", err)
		}
	}
	return checkSources(map[string]string{"password-source": p.PasswordSource, "platform-password-source": p.PlatformPasswordSource})
}

// validateWay checks that the publisher's kind and a node's transport fit.
func (p *Profile) validateWay(n *Node) (key string, err error) {
	lead := n.Role == RolePublisher && p.Publisher == PublisherCTLP
	switch {
	case !slices.Contains([]string{TransportCTLP, TransportSFTP, TransportOSAdmin, TransportByHand}, n.Transport):
		return "transport", message.Errorf("transport %q is not ctlp, sftp, os-admin or by-hand", n.Transport)
	case lead && n.Transport != TransportCTLP:
		return "transport", message.NewError("this publisher is reached over ctlp: it alone knows the cluster's mode and certificates; publisher = \"cucm\" or \"none\" goes without it")
	case n.Transport == TransportCTLP && p.Publisher != PublisherCTLP:
		return "transport", message.Errorf("transport ctlp needs publisher = \"ctlp\", not %q", p.Publisher)
	case n.Transport == TransportCTLP && p.User == "":
		return "user", message.NewError("transport ctlp needs `user`, the CTL Provider's user, at the top of the profile")
	case n.Transport == TransportOSAdmin && p.Publisher != PublisherCUCM:
		return "transport", message.NewError("transport os-admin needs publisher = \"cucm\"")
	case n.Transport == TransportOSAdmin && p.PlatformUser == "":
		return "platform-user", message.NewError("transport os-admin needs `platform-user`, the OS administrator, at the top of the profile")
	case len(n.Certificates) > 0 && p.Publisher != PublisherNone:
		return "certificates", message.NewError("certificates are for publisher = \"none\"; this publisher tells them itself")
	}
	return "", nil
}

// needs says, by transport, which keys of a node cannot be left out and why.
func (n *Node) needs() (key string, err error) {
	switch n.Transport {
	case TransportCTLP:
		if n.Port(PortCTLP) == 0 {
			return "ctlp-port", message.NewError("transport ctlp needs a ctlp-port")
		}
	case TransportSFTP:
		return n.needsSFTP()
	case TransportOSAdmin:
		if n.Port(PortHTTPS) == 0 {
			return "https-port", message.NewError("transport os-admin needs an https-port")
		}
	case TransportByHand:
		if n.Port(PortTFTP) == 0 && n.Port(PortHTTP) == 0 {
			return "tftp-port", message.NewError("transport by-hand needs a tftp-port or an http-port: what the node serves is compared there")
		}
	}
	return "", nil
}

var drive = lazyregexp.New(`^[A-Za-z]:`)

func (n *Node) needsSFTP() (key string, err error) {
	switch {
	case n.Path == "":
		return "path", message.NewError("transport sftp needs `path`, the folder that TFTP serves")
	case !strings.HasPrefix(n.Path, "/") && !drive.MatchString(n.Path) && n.Role != RoleFirewall:
		return "path", message.Errorf("path %q does not start at the root of the server", n.Path)
	case n.SFTPUser == "":
		return "sftp-user", message.NewError("transport sftp needs `sftp-user`")
	case n.Port(PortSFTP) == 0:
		return "sftp-port", message.NewError("transport sftp needs an sftp-port")
	}
	return "", nil
}

// validate checks one node by itself and names the key at fault.
func (n *Node) validate() (key string, err error) {
	if !slices.Contains([]string{RolePublisher, RoleSubscriber, RoleTFTP, RoleFirewall}, n.Role) {
		return "role", message.Errorf("role %q is not publisher, subscriber, tftp or firewall", n.Role)
	}
	if !isHost(n.Address) {
		return "address", message.Errorf("address %q is neither an IP address nor a host name (ports have keys of their own)", n.Address)
	}
	for _, p := range allPorts {
		if set := n.set(p); set != nil && (*set < 0 || *set > 65535) {
			return string(p), message.Errorf("%s = %d is not a port (0: the node does not run it)", p, *set)
		}
	}
	if key, err := n.needs(); err != nil {
		return key, err
	}
	for _, c := range n.Certificates {
		if _, _, err := splitCertificate(c); err != nil {
			return "certificates", err
		}
	}
	for key, fp := range map[string]string{"fingerprint": n.Fingerprint, "sftp-host-key": n.SFTPHostKey, "ssh-host-key": n.SSHHostKey} {
		if err := checkFingerprint(fp); err != nil {
			return key, fmt.Errorf("%s: %w", key, err)
		}
	}
	return checkSources(map[string]string{"sftp-password-source": n.SFTPPasswordSource, "ssh-password-source": n.SSHPasswordSource})
}

// checkSources checks password sources by their keys; "" is one that is not set.
func checkSources(sources map[string]string) (key string, err error) {
	for key, src := range sources {
		if src == "" {
			continue
		}
		if err := CheckSource(src); err != nil {
			return key, fmt.Errorf("%s: %w", key, err)
		}
	}
	return "", nil
}

// checkFingerprint takes "" and SHA256: with the unpadded base64 of 32 bytes.
func checkFingerprint(fp string) error {
	if fp == "" {
		return nil
	}
	rest, ok := strings.CutPrefix(fp, "SHA256:")
	if sum, err := base64.RawStdEncoding.Strict().DecodeString(rest); !ok || err != nil || len(sum) != 32 {
		return message.Errorf("%q is not a fingerprint: SHA256: and 43 characters of base64, as ssh-keygen -l prints it", fp)
	}
	return nil
}

var hostName = lazyregexp.New(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?$`)

func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	return len(s) <= 253 && hostName.MatchString(s)
}
