// Package services has the names of a CUCM's services, spelled as AXL, Control Center and the
// CLI spell them (Cisco Unified Serviceability, Control Center - Feature Services and Control
// Center - Network Services).
package services

// The services that a trust list is about.
const (
	TFTP        = "Cisco Tftp"
	CallManager = "Cisco CallManager"
	TVS         = "Cisco Trust Verification Service"
	CTLProvider = "Cisco CTL Provider"
	CAPF        = "Cisco Certificate Authority Proxy Function"
)
