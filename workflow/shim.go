package workflow

import (
	"context"

	"ctlclient/cluster"
	"ctlclient/protocol/platform"
	"ctlclient/trust"
)

func (s *Session) cli(ctx context.Context, n cluster.NodeProfile) (*platform.Client, error) {
	panic("stub")
}
func (s *Session) version() (version, bool) { return version{}, false }
func (s *Session) predict(ctx context.Context, p *Plan, tvs trust.Asker) []trust.Verdict {
	return nil
}

const (
	rolePublisher = "publisher"
	transportSFTP = "sftp"
)

func isLost(v trust.Verdict) bool { return !v.Accept && v.Certain }

func unfinished(j cluster.Job) bool { return j.State == "incomplete" || j.State == "running" }
