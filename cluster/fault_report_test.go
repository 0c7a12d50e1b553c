package cluster

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// cell counts the runs of one fault at the boundaries of one step. A run that ended
// otherwise than it must has failed the test.
type cell struct{ runs, finished, takenBack, unchanged, mended int }

type faultTable struct {
	columns []string
	mu      sync.Mutex // runs go side by side
	rows    []string
	cells   map[[2]string]*cell
}

func (ft *faultTable) at(row, fault string) *cell {
	ft.mu.Lock()
	defer ft.mu.Unlock()
	if !slices.Contains(ft.rows, row) {
		ft.rows = append(ft.rows, row)
	}
	key := [2]string{row, fault}
	if ft.cells[key] == nil {
		ft.cells[key] = &cell{}
	}
	return ft.cells[key]
}

// String is the table as Markdown.
func (ft *faultTable) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| boundary | %s |\n|---|%s\n", strings.Join(ft.columns, " | "), strings.Repeat("---|", len(ft.columns)))
	var sum cell
	for _, row := range ft.rows {
		fmt.Fprintf(&b, "| %s |", row)
		for _, f := range ft.columns {
			c := ft.cells[[2]string{row, f}]
			if c == nil || c.runs == 0 {
				b.WriteString(" – |")
				continue
			}
			fmt.Fprintf(&b, " %s |", c)
			sum.runs, sum.finished, sum.takenBack = sum.runs+c.runs, sum.finished+c.finished, sum.takenBack+c.takenBack
			sum.unchanged, sum.mended = sum.unchanged+c.unchanged, sum.mended+c.mended
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "\n%d runs: %d done, %d taken back by themselves, %d stopped with nothing changed, %d finished by `resume` or `rollback`.\n",
		sum.runs, sum.finished, sum.takenBack, sum.unchanged, sum.mended)
	return b.String()
}

func (c *cell) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{c.finished, "done"}, {c.takenBack, "back"}, {c.unchanged, "none"}, {c.mended, "mended"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(parts, ", ")
}

func reliability(table, steps string) string {
	return fmt.Sprintf(`# Reliability: what was broken, and what became of it

This page is written by `+"`go test ./cluster -run TestFaultTable -update`"+`, up to the last part;
the same test runs in CI and fails when a single run ends otherwise than it may.

A practice cluster of real servers (a publisher and a subscriber over CTLP, an alternate
TFTP server over SFTP) holds the old file, and a job carries the new one to it. At every
boundary of every step, on every node, one thing is broken:

- **program killed**: the program kills itself (SIGKILL); a new one goes on.
- **connection cut / bytes truncated / byte corrupted / answer delayed**: a proxy before the
  node does it to the bytes that follow the boundary, and in the last row at bytes chosen by a seed,
  where the program is killed too.
  A cut ends the connection at once, and the one made after it too.
- **node restarted**: its server ends, with all connections, and starts again.
- **node gone**: its server ends and comes back only after the job has ended.
- **disk full**: the file system of the node is filled up (a real one, of 256 KiB).
- **journal fails**: the next line of the program's own journal cannot be written.

What a repeated request cannot mend is done twice: with the choice that a failing job takes
itself back, and with the choice that it is left to `+"`resume`"+`.

What must hold in every run: no node ever serves anything but the old or the new file,
whole; the command's answer is true (done: all have the new file; taken back or stopped: all
have the old one; anything else: exit 5, and `+"`resume`"+` or `+"`rollback`"+` ends it); after
that all nodes hold the same file; finishing twice changes nothing; the next job works and
nothing is left lying about in a served folder.

A boundary is the moment *before* a step's intent is written to the journal, when it is
*intended* (written, not done), *acted* (done, not written down) or *recorded*. A cell counts
runs: **done** – the job finished in spite of the fault; **back** – it took itself back;
**none** – it stopped before anything had changed; **mended** – `+"`resume`"+` or `+"`rollback`"+`
finished it. A dash: the boundary does not know the fault.

%s
## Jobs of several steps

The same, for jobs that do more than bring a file to the nodes: the publisher writes its own
file (and sets the mode with it), the mode is set after the file or before it, certificates go
to the trust store, services are restarted, the publisher signs the ITLs. Here the servers of
the nodes are real, and what else a cluster is asked for is a folder that outlives the program.
What is asked for is broken in three more ways: **answer lost** (done, and no answer came),
**no answer** (not done, and no answer came), **refused** (not done, and the answer says so).
Each twice: finished by `+"`resume`"+`, and taken back by `+"`rollback`"+`. Then the files, the mode, the
trust store and the services are as the command has said. What cannot be undone (a certificate
in the trust store, an ITL) `+"`rollback`"+` refuses in so many words, and `+"`resume`"+` finishes the job.

%s
Made on %s/%s with %s.
`, table, steps, runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// outside begins the part of the page that people write, from what make torture said.
const outside = "\n## From outside"

// fromOutside is that part, as it stands.
func fromOutside(t *testing.T, file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(data), outside)
	if !found {
		t.Fatalf("%s has no part %q", file, outside)
	}
	return outside + after
}
