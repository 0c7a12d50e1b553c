package workflow

import (
	"slices"

	"ctlclient/cluster/reach"
	"ctlclient/ctlbuild"
)

// Fit says whether a job suits the cluster as it is now, so that a front end can offer what
// helps and say why the rest does not apply. It rests on the snapshot alone: whether a job's
// tokens and phones allow it, its plan says.
type Fit struct {
	Job       string // one of the Job constants, without JobDistribute, JobResume and JobTakeBack
	Why       FitReason
	Advised   bool // what most people come for in this situation
	Publisher bool // the publisher signs: no token is asked for
}

// Possible reports whether the job can be planned.
func (f Fit) Possible() bool { return f.Why == "" }

// FitReason is why a job does not apply; "" where it does.
type FitReason string

// Reasons of [Fit].
const (
	FitNoCTL      FitReason = "no-ctl"     // there is no CTL file to change
	FitUnreadable FitReason = "unreadable" // what is served as the CTL file is none
	FitMixed      FitReason = "mixed"      // the cluster is in mixed mode already, and its CTL fits
	FitNonSecure  FitReason = "non-secure" // the cluster is in non-secure mode already, and its CTL fits
	FitHasTokens  FitReason = "has-tokens" // tokens sign the CTL already
	FitTokenless  FitReason = "tokenless"  // the publisher signs the CTL already

	FitTokensSign FitReason = "tokens-sign"    // a token signs the CTL, and the other token is the other key
	FitOwnITL     FitReason = "itl-non-secure" // in non-secure mode phones go by the ITL
	FitNoITL      FitReason = "no-itl"         // there is no ITL, or it could not be read
)

// String is the reason as a sentence.
func (r FitReason) String() string {
	switch r {
	case FitUnreadable:
		return "the CTL file that is served cannot be read"
	case FitNoCTL:
		return "the cluster has no CTL file yet"
	case FitMixed:
		return "the cluster is in mixed mode already"
	case FitNonSecure:
		return "the cluster is in non-secure mode already"
	case FitHasTokens:
		return "tokens sign the CTL file already"
	case FitTokenless:
		return "the CTL file is tokenless already"
	case FitTokensSign:
		return "a token signs the CTL file: an update signed by another token is the way"
	case FitOwnITL:
		return "the cluster is in non-secure mode: its phones go by the ITL"
	case FitNoITL:
		return "the cluster serves no ITL file that could be read"
	}
	return ""
}

// Fits looks at every job, in the order in which Cisco's CTL Client has them; last the ways
// back to trust.
func (s *sight) Fits() []Fit { return append(s.fits(), s.recoveries()...) }

// recoveries are the jobs in which the publisher signs with its other key.
func (s *sight) recoveries() []Fit {
	ctl, itl := Fit{Job: JobRecoverCTL, Publisher: true}, Fit{Job: JobRecoverITL, Publisher: true}
	switch snap := s.Snapshot; {
	case snap.Current == nil:
		ctl.Why = s.lacksCTL()
	case snap.Mode == reach.NonSecure:
		ctl.Why = FitOwnITL
	case !snap.Current.Tokenless():
		ctl.Why = FitTokensSign
	}
	if s.Snapshot.ITL == nil {
		itl.Why = FitNoITL
	}
	return []Fit{ctl, itl}
}

// lacksCTL is why there is no list to change.
func (s *sight) lacksCTL() FitReason {
	switch {
	case s.Snapshot.Current != nil:
		return ""
	case s.unreadable() != "":
		return FitUnreadable
	}
	return FitNoCTL
}

func (s *sight) fits() []Fit {
	snap := s.Snapshot
	if why := s.lacksCTL(); why != "" {
		first := Fit{Job: JobMixed, Advised: true}
		if why != FitNoCTL {
			first = Fit{Job: JobMixed, Why: why}
		}
		return []Fit{first, {Job: JobNonSecure, Why: why}, {Job: JobUpdate, Why: why}, {Job: JobToTokens, Why: why}, {Job: JobToTokenless, Why: why}}
	}
	tokenless := snap.Current.Tokenless()
	mixed, nonSecure := Fit{Job: JobMixed, Publisher: tokenless}, Fit{Job: JobNonSecure, Publisher: tokenless}
	stubs := slices.ContainsFunc(snap.Current.Records, func(r ctlbuild.Record) bool { return r.IsStub() })
	full := slices.ContainsFunc(snap.Current.Records, func(r ctlbuild.Record) bool { return r.Function().IsServer() && !r.IsStub() })
	if snap.Mixed() && !stubs {
		mixed.Why = FitMixed
	}
	if snap.Mode == reach.NonSecure && !full {
		nonSecure.Why = FitNonSecure
	}
	update := Fit{Job: JobUpdate, Publisher: tokenless}
	toTokens, toTokenless := Fit{Job: JobToTokens, Advised: tokenless}, Fit{Job: JobToTokenless}
	if tokenless {
		toTokenless.Why = FitTokenless
	} else {
		toTokens.Why, update.Advised = FitHasTokens, true
	}
	return []Fit{mixed, nonSecure, update, toTokens, toTokenless}
}
