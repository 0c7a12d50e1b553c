package lab

import (
	"errors"
	"io/fs"
)

// Existing is the lab that a folder holds, by what [Options] ask of a new one.
type Existing struct {
	Nodes         int // of CUCM
	AltTFTP       bool
	Firewall      bool
	KeyBits       int
	Version       string // as its nodes print it
	CUCM          bool
	Crowd         int
	Mixed         bool // as it is now
	NoITL         bool
	ExportRefused bool
	release       string
}

// Find reads what lab a folder holds; nil where it holds none, or one whose start was cut short,
// which [Up] makes anew. It starts nothing.
func Find(dir string) (*Existing, error) {
	s, err := loadState(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !s.Ready {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	e := &Existing{KeyBits: s.KeyBits, Version: (&Lab{st: s}).release().full, CUCM: s.CUCM, Crowd: s.Crowd, Mixed: s.Mixed,
		NoITL: s.NoITL, ExportRefused: s.ExportRefused, release: s.Release}
	for _, n := range s.Nodes {
		switch n.Role {
		case roleTFTP:
			e.AltTFTP = true
		case roleFirewall:
			e.Firewall = true
		default:
			e.Nodes++
		}
	}
	return e, nil
}

// Is reports that the lab behaves as a version, written as [Options] take it.
func (e *Existing) Is(version string) bool {
	release, full, err := chooseRelease(version, e.CUCM)
	return err == nil && release == e.release && full == e.Version
}
