package workflow

import (
	"errors"
	"os"
	"slices"
	"syscall"
	"testing"

	"ctlclient/cluster"
	"ctlclient/cluster/site"
	"ctlclient/message"
	"ctlclient/trust/hazard"
)

// Many nodes with one fault are one notice that names them, and no name stands in it twice.
func TestOneFaultOfManyNodesIsOneNotice(t *testing.T) {
	no := false
	file := []byte{1}
	node := func(name string, err, tftp error) cluster.NodeState {
		n := cluster.NodeState{Node: site.Node{Name: name}}
		if err != nil {
			n.Err = &cluster.NodeError{Node: name, Step: cluster.StepFetch, Err: err}
		} else {
			n.File, n.Missing = file, true
		}
		if tftp != nil {
			n.TFTPErr = &cluster.NodeError{Node: name, Step: cluster.StepFetchTFTP, Err: tftp}
		}
		return n
	}
	other := func(name string) cluster.NodeState {
		n := node(name, nil, nil)
		n.TFTPAgree, n.HTTPAgree = &no, &no
		return n
	}
	s := &sight{Snapshot: &cluster.Snapshot{Nodes: []cluster.NodeState{
		node("a", syscall.ECONNREFUSED, os.ErrDeadlineExceeded),
		node("b", syscall.ECONNREFUSED, os.ErrDeadlineExceeded),
		node("c", nil, os.ErrDeadlineExceeded),
		node("d", nil, os.ErrDeadlineExceeded),
		node("e", nil, errors.New("file not found")),
		node("f", nil, errors.New("file not found")),
		node("g", nil, errors.New("not today")),
		other("h"), other("i"), other("j"),
	}}}
	var got []string
	s.findNodes(func(_ hazard.Severity, _ string, mend, text message.Message) {
		got = append(got, text.String())
	})
	want := []string{
		"2 nodes could not be asked for their CTL file:\na could not be asked for its CTL file: connection refused\nb could not be asked for its CTL file: connection refused",
		"TFTP on h, i and j serves another file than the node holds",
		"HTTP (port 6970) on h, i and j, which newer phones ask, serves another file than TFTP",
		"TFTP on a, b, c and d does not answer: phones that ask it get no file",
		"TFTP on e and f gives phones no CTL file: file not found",
		"TFTP on g gives phones no CTL file: not today",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
