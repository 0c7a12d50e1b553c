package workflow

import (
	"context"
	"slices"
	"time"

	"ctlclient/certificate"
	"ctlclient/cluster"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/token"
)

// CheckState is how one line of a pre-flight list stands.
type CheckState uint8

// The states, the best first.
const (
	CheckGood CheckState = iota
	CheckUnknown
	CheckWarn
	CheckBad
)

// Check is one line of a pre-flight list: what was looked at, and how it stands.
type Check struct {
	What  message.Message
	State CheckState
	Text  message.Message
}

// soon is how long before its end a certificate is a matter for a migration: renewing it
// changes the CTL once more.
const soon = 90 * 24 * time.Hour

var (
	checkNodes         = message.Define("preflight.nodes", "All nodes alike")
	checkNodesGood     = message.Define("preflight.nodes.good", "{n|# node serves|# nodes serve} the same file.")
	checkNodesBad      = message.Define("preflight.nodes.bad", "The nodes do not serve the same file, or one did not answer: {nodes}.")
	checkTVS           = message.Define("preflight.tvs", "TVS on every node")
	checkTVSGood       = message.Define("preflight.tvs.good", "TVS answers on {n|# node|# nodes}.")
	checkTVSBad        = message.Define("preflight.tvs.bad", "TVS does not answer on {nodes}.")
	checkTVSNone       = message.Define("preflight.tvs.none", "No node of the profile runs TVS: phones can follow only a signer that their CTL has.")
	checkTrust         = message.Define("preflight.trust", "Trust store")
	checkTrustGood     = message.Define("preflight.trust.good", "TVS vouches for {token} on every node.")
	checkTrustBad      = message.Define("preflight.trust.bad", "TVS does not vouch for {token} on {nodes}: put its certificate into Phone-SAST-trust.")
	checkTrustNone     = message.Define("preflight.trust.none", "No token was looked at.")
	checkExpiry        = message.Define("preflight.expiry", "Certificates")
	checkExpiryGood    = message.Define("preflight.expiry.good", "None of {n} expires within 90 days.")
	checkExpiryBad     = message.Define("preflight.expiry.bad", "These expire within 90 days or have expired: {what}.")
	checkExpiryOne     = message.Define("preflight.expiry.one", "{role} of {node} on {day}")
	checkVersion       = message.Define("preflight.version", "Version")
	checkVersionKnown  = message.Define("preflight.version.known", "The cluster runs {version}.")
	checkVersionNone   = message.Define("preflight.version.unknown", "The version is not known; rules of 12.0 and later are applied with caution. Write it into the profile.")
	checkTokens        = message.Define("preflight.tokens", "Tokens")
	checkTokensCount   = message.Define("preflight.tokens.count", "{n|# token is|# tokens are} plugged in; a first CTL signed by tokens needs two.")
	checkTriesFull     = message.Define("preflight.tries.full", "The token does not say that PIN tries were used.")
	checkTriesLow      = message.Define("preflight.tries.low", "The token says that PIN tries were used; it does not say how many are left.")
	checkTriesLast     = message.Define("preflight.tries.last", "The token says that one PIN try is left. A wrong PIN locks it for good.")
	checkTriesNone     = message.Define("preflight.tries.none", "The token says that no PIN try is left.")
	checkTokenName     = message.Define("preflight.token", "{label} ({serial})")
	checkPhones        = message.Define("preflight.phones", "Phones")
	checkPhonesGood    = message.Define("preflight.phones.good", "{n|# phone is|# phones are} described.")
	checkPhonesUnknown = message.Define("preflight.phones.unknown", "No phones are described, so that nobody can say which of them would be lost.")
)

// Preflight looks at what a migration rests on, before anything is chosen or written. tokens
// are the certificates (DER) that are to sign or to be added.
func (s *Session) Preflight(ctx context.Context, tokens [][]byte) []Check {
	return slices.Concat([]Check{s.checkNodes(), s.checkTVS(ctx)}, s.checkTrust(ctx, tokens),
		[]Check{s.checkExpiry(time.Now()), s.checkVersion(), s.checkPhones()})
}

func (s *sight) checkNodes() Check {
	if s.Snapshot.Agree {
		return Check{checkNodes.With(), CheckGood, checkNodesGood.With("n", len(s.Snapshot.Nodes))}
	}
	var names []string
	for _, n := range s.Snapshot.Nodes {
		if n.Err != nil || n.Missing || s.Snapshot.Current == nil || string(n.File) != string(s.Snapshot.Current.Bytes()) {
			names = append(names, n.Node.Name)
		}
	}
	return Check{checkNodes.With(), CheckBad, checkNodesBad.With("nodes", names)}
}

func (s *Session) checkTVS(ctx context.Context) Check {
	seen := s.Cluster.TVSCertificates(ctx)
	var silent []string
	for _, p := range seen {
		if p.Err != nil {
			silent = append(silent, p.Node)
		}
	}
	switch {
	case len(seen) == 0:
		return Check{checkTVS.With(), CheckWarn, checkTVSNone.With()}
	case len(silent) > 0:
		return Check{checkTVS.With(), CheckBad, checkTVSBad.With("nodes", silent)}
	}
	return Check{checkTVS.With(), CheckGood, checkTVSGood.With("n", len(seen))}
}

func (s *Session) checkTrust(ctx context.Context, tokens [][]byte) []Check {
	if len(tokens) == 0 {
		return []Check{{checkTrust.With(), CheckUnknown, checkTrustNone.With()}}
	}
	var checks []Check
	for _, der := range tokens {
		results, err := s.Cluster.AskTVS(ctx, s.Snapshot.ITL, der)
		if err != nil {
			return []Check{{checkTrust.With(), CheckWarn, checkTVSNone.With()}}
		}
		bad := nodesThatDoNot(results)
		c := Check{checkTrust.With(), CheckGood, checkTrustGood.With("token", tokenCN(der))}
		if len(bad) > 0 {
			c.State, c.Text = CheckWarn, checkTrustBad.With("token", tokenCN(der), "nodes", bad)
		}
		checks = append(checks, c)
	}
	return checks
}

// nodesThatDoNot vouch, by name.
func nodesThatDoNot(results map[string]cluster.TVSResult) []string {
	var names []string
	for node, r := range results {
		if !r.Vouches() {
			names = append(names, node)
		}
	}
	slices.Sort(names)
	return names
}

func (s *sight) checkExpiry(now time.Time) Check {
	var what []message.Message
	for _, cred := range s.Snapshot.Credentials {
		c, err := certificate.Parse(cred.Certificate)
		if err == nil && c.NotAfter.Before(now.Add(soon)) {
			what = append(what, checkExpiryOne.With("role", ctlbuild.Function(cred.Function).String(), "node", cred.NodeName,
				"day", c.NotAfter.Local().Format(time.DateOnly)))
		}
	}
	if len(what) > 0 {
		return Check{checkExpiry.With(), CheckWarn, checkExpiryBad.With("what", what)}
	}
	return Check{checkExpiry.With(), CheckGood, checkExpiryGood.With("n", len(s.Snapshot.Credentials))}
}

func (s *sight) checkVersion() Check {
	if v := s.version(); v.Known() {
		return Check{checkVersion.With(), CheckGood, checkVersionKnown.With("version", v.String())}
	}
	return Check{checkVersion.With(), CheckWarn, checkVersionNone.With()}
}

func (s *sight) checkPhones() Check {
	if s.assumed {
		return Check{checkPhones.With(), CheckWarn, checkPhonesUnknown.With()}
	}
	n := 0
	for _, p := range s.Fleet {
		n += p.N()
	}
	return Check{checkPhones.With(), CheckGood, checkPhonesGood.With("n", n)}
}

// PreflightTokens says of the tokens that are plugged in whether they are enough, and what each
// tells of the PIN tries left.
func PreflightTokens(infos []token.Info) []Check {
	count := Check{checkTokens.With(), CheckGood, checkTokensCount.With("n", len(infos))}
	if len(infos) < 2 {
		count.State = CheckWarn
	}
	checks := []Check{count}
	for _, info := range infos {
		c := Check{checkTokenName.With("label", info.Label, "serial", info.Serial), CheckGood, checkTriesFull.With()}
		switch f := info.Flags; {
		case f.PINLocked:
			c.State, c.Text = CheckBad, checkTriesNone.With()
		case f.PINFinalTry:
			c.State, c.Text = CheckBad, checkTriesLast.With()
		case f.PINCountLow:
			c.State, c.Text = CheckWarn, checkTriesLow.With()
		}
		checks = append(checks, c)
	}
	return checks
}
