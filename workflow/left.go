package workflow

import (
	"context"
	"errors"
	"strings"
	"time"

	"ctlclient/cluster"
	"ctlclient/cluster/site"
)

// lookAgain bounds the look at a cluster that a broken-off job has left behind.
const lookAgain = 20 * time.Second

// leftBehind says what a tokenless job that ended in the middle has left. The publisher
// writes at its own command, which cannot be called back: an interruption after it may
// leave nodes with different files although this program wrote to none of them. It looks
// again, also when the person interrupted, and returns cause where nothing is left to do.
func (s *Session) leftBehind(ctx context.Context, p *Plan, cause error) error {
	if partial := (*cluster.PartialError)(nil); errors.As(cause, &partial) {
		return cause // it says so itself
	}
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookAgain)
	defer cancel()
	if err := s.Refresh(look); err != nil {
		return &Error{Reason: NotEverywhere, Err: err, Hints: []string{"as soon as the cluster can be reached: ctlclient cluster status"},
			Message: "the publisher was told to write its CTL, and what the nodes serve now is not known"}
	}
	if s.Snapshot.Agree {
		return cause
	}
	return fail(NotEverywhere, s.bringAround(p), "the publisher wrote its CTL, and the job ended before every node had it: the nodes do not serve the same CTL file: %s", strings.Join(s.groups(), " | "))
}

// bringAround is how the nodes come to serve one file again.
func (s *Session) bringAround(p *Plan) []string {
	var hints []string
	for _, n := range s.Snapshot.Nodes {
		if n.Node.Role == site.RolePublisher && n.Node.Port(site.PortTFTP) != 0 {
			from := "tftp://" + n.Node.Addr(site.PortTFTP) + "/" + CTLFileName
			hints = append(hints, "bring the publisher's file to the others: ctlclient distribute "+from)
		}
	}
	if p.Old != nil {
		hints = append(hints, "or put the former CTL back, with the file named above: ctlclient distribute FILE")
	}
	return hints
}
