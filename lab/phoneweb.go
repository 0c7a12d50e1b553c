package lab

import "net/netip"

// address of the phone; zero where the lab has none for it.
func (p *Phone) address() netip.Addr { return netip.Addr{} }

// hasPage says whether the phone's web page is there.
func (p *Phone) hasPage() bool { return false }
