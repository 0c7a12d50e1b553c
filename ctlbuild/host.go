package ctlbuild

import (
	"net/netip"
	"strings"
)

// SameHost reports whether a and b name one host: addresses are compared by value (an
// IPv4 address written as an IPv6 one is the IPv4 address, a zone counts), names
// without regard to case and to a closing dot. "" is no host.
func SameHost(a, b string) bool {
	a, b = hostKey(a), hostKey(b)
	return a != "" && a == b
}

// SameServer is SameHost, and also true where one of the two is a name without a domain
// and the other is that name with one: CUCM lists "cucm-pub" in one place and
// "cucm-pub.example.org" in another. Two names with different domains are two servers.
func SameServer(a, b string) bool {
	a, b = hostKey(a), hostKey(b)
	if a == b {
		return a != ""
	}
	short, long := a, b
	if len(short) > len(long) {
		short, long = b, a
	}
	rest, ok := strings.CutPrefix(long, short)
	if !ok || short == "" || rest[0] != '.' || strings.Contains(short, ".") {
		return false
	}
	_, err := netip.ParseAddr(long)
	return err != nil // "10" is not short for 10.0.0.1
}

// hostKey is the one spelling of a host.
func hostKey(host string) string {
	host = strings.TrimSpace(host)
	if addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")); err == nil {
		return addr.Unmap().String()
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
