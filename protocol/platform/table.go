package platform

import (
	"context"
	"strings"

	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
)

const (
	cmdSQLPrefix = "run sql "

	// maxColumns of a table that is read, and maxSQL bytes of a statement.
	maxColumns = 200
	maxSQL     = 2000
)

// Table is what "run sql" prints.
type Table struct {
	Columns []string
	Rows    [][]string // as many values each as there are columns, blanks at their ends left out
}

// Column finds a column by its name, without case; -1: there is none.
func (t *Table) Column(name string) int {
	for i, c := range t.Columns {
		if strings.EqualFold(c, name) {
			return i
		}
	}
	return -1
}

// SQL is "run sql STATEMENT". It only reads: another statement than a select is refused
// here, and nothing is sent.
func (c *Client) SQL(ctx context.Context, statement string) (*Table, error) {
	words := strings.Join(strings.Fields(statement), " ")
	if !strings.HasPrefix(strings.ToLower(words), "select ") || len(words) > maxSQL || strings.ContainsAny(words, ";|") || hasControl(words) {
		return nil, message.Errorf("%.60q is not a select of one line", words)
	}
	command := cmdSQLPrefix + words
	out, err := c.simple(ctx, command)
	if err != nil {
		return nil, err
	}
	t, err := ParseTable(out)
	if err != nil {
		return nil, notUnderstood(command, out, err.Error())
	}
	return t, nil
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 })
}

var underline = lazyregexp.New(`^=+(?: +=+)*$`)

// ParseTable reads what "run sql" prints: the names of the columns, a line of = that
// says how wide each is, and the rows. A table without rows has those two lines alone.
func ParseTable(out string) (*Table, error) {
	if len(out) > maxOutput {
		return nil, message.Errorf("more than %d bytes of output", maxOutput)
	}
	var lines []string
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, " \t\r\n")
		if line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) < 2 || !underline.MatchString(lines[1]) {
		return nil, message.NewError("no table in it: a line of column names, and a line of = below it")
	}
	widths := fields(lines[1])
	if len(widths) > maxColumns {
		return nil, message.Errorf("a table of %d columns", len(widths))
	}
	columns, ok := cut(lines[0], widths)
	if !ok {
		return nil, message.NewError("the names of the columns do not fit the line of = below them")
	}
	for _, name := range columns {
		if name == "" {
			return nil, message.NewError("a column without a name")
		}
	}
	t := &Table{Columns: columns}
	for _, line := range lines[2:] {
		row, ok := cut(line, widths)
		if !ok {
			return nil, message.Errorf("a row that does not fit the columns: %.80q", line)
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

// span is where a column begins and ends, in characters; the last goes to the end.
type span struct{ from, to int }

func fields(line string) []span {
	var out []span
	for i := 0; i < len(line); {
		if line[i] == ' ' {
			i++
			continue
		}
		from := i
		for i < len(line) && line[i] == '=' {
			i++
		}
		out = append(out, span{from, i})
	}
	return out
}

// cut takes a line apart; false: there is something between two columns, or after the
// last one.
func cut(line string, columns []span) ([]string, bool) {
	text := []rune(line)
	out := make([]string, len(columns))
	for i, c := range columns {
		end := len(text)
		if i+1 < len(columns) {
			end = min(columns[i+1].from, end)
		}
		from, to := min(c.from, end), min(c.to, end)
		if strings.Trim(string(text[to:end]), " ") != "" {
			return nil, false
		}
		out[i] = strings.Trim(string(text[from:to]), " \t")
	}
	return out, true
}

// ClusterNode is one line of "show network cluster".
type ClusterNode struct {
	Address   string // IPv4 or IPv6
	FQDN      string // host.domain; empty where the node prints one name
	Host      string
	Publisher bool
	Product   string // callmanager, cups (IM and Presence)
	Database  string // DBPub, DBSub
	State     string // "authenticated using TCP since Thu Oct 28 11:27:36 2021"
}

const cmdCluster = "show network cluster"

// NetworkCluster is "show network cluster": the nodes of the cluster, IM and Presence
// included.
func (c *Client) NetworkCluster(ctx context.Context) ([]ClusterNode, error) {
	out, err := c.simple(ctx, cmdCluster)
	if err != nil {
		return nil, err
	}
	nodes, err := ParseCluster(out)
	if err != nil {
		return nil, notUnderstood(cmdCluster, out, err.Error())
	}
	return nodes, nil
}

var (
	clusterLine = lazyregexp.New(`^([0-9A-Fa-f.:]*[.:][0-9A-Fa-f.:]*)((?: +[A-Za-z0-9._-]+){1,2}) +(Publisher|Subscriber) +([A-Za-z0-9_-]+) +(DB[A-Za-z]+)(?: +(.*))?$`)
	// What follows the nodes on newer releases is the same once more.
	clusterEnd = lazyregexp.New(`(?i)^server table\b`)
)

// ParseCluster reads what "show network cluster" prints. A line that begins with an
// address and goes on in another way than is known is an error.
func ParseCluster(out string) ([]ClusterNode, error) {
	if len(out) > maxOutput {
		return nil, message.Errorf("more than %d bytes of output", maxOutput)
	}
	var nodes []ClusterNode
	for line := range strings.Lines(out) {
		line = strings.Join(strings.Fields(line), " ")
		if clusterEnd.MatchString(line) {
			break
		}
		m := clusterLine.FindStringSubmatch(line)
		switch {
		case m != nil:
			names := strings.Fields(m[2])
			n := ClusterNode{Address: m[1], Host: names[len(names)-1], Publisher: m[3] == "Publisher", Product: m[4], Database: m[5], State: m[6]}
			if len(names) == 2 {
				n.FQDN = names[0]
			}
			nodes = append(nodes, n)
		case len(nodes) > 0 && strings.HasPrefix(line, "authenticated"):
			// The end of the line before, in a narrow terminal.
			last := &nodes[len(nodes)-1]
			last.State = strings.TrimSpace(last.State + " " + line)
		case line != "" && strings.ContainsAny(line[:1], "0123456789"):
			return nil, message.Errorf("a node whose line is not understood: %.120q", line)
		}
	}
	if len(nodes) == 0 {
		return nil, message.NewError("no node in it")
	}
	return nodes, nil
}

// License is what "show license all" says of encryption.
type License struct {
	// Export is what stands behind "Export-Controlled Functionality": "Allowed", "Not
	// Allowed", or other words; empty: nothing is said, as on releases with another
	// licence system.
	Export string
	Status string // behind the first "Status": "REGISTERED"; may be empty
	Raw    string // all of it
}

// MixedModeAllowed reports whether the licence allows encryption; known is false where
// the output does not say.
func (l *License) MixedModeAllowed() (allowed, known bool) {
	switch strings.ToLower(strings.Join(strings.Fields(l.Export), " ")) {
	case "allowed":
		return true, true
	case "not allowed", "not-allowed":
		return false, true
	}
	return false, false
}

const cmdLicense = "show license all"

var (
	licenseExport = lazyregexp.New(`(?im)^[ \t]*Export-Controlled Functionality:[ \t]*(\S.*?)[ \t\r]*$`)
	licenseStatus = lazyregexp.New(`(?im)^[ \t]*Status:[ \t]*(\S.*?)[ \t\r]*$`)
)

// License is "show license all" (Smart Licensing, 12.0 and later). A node that prints
// something else is no error: nothing is known then, and Raw has what it printed.
func (c *Client) License(ctx context.Context) (*License, error) {
	out, err := c.simple(ctx, cmdLicense)
	if err != nil {
		return nil, err
	}
	return ParseLicense(out), nil
}

// ParseLicense reads what "show license all" prints. Where two lines contradict each
// other, nothing is known.
func ParseLicense(out string) *License {
	l := &License{Raw: out}
	for i, m := range licenseExport.FindAllStringSubmatch(out, 100) {
		if i > 0 && !strings.EqualFold(m[1], l.Export) {
			l.Export = ""
			break
		}
		l.Export = m[1]
	}
	if m := licenseStatus.FindStringSubmatch(out); m != nil {
		l.Status = m[1]
	}
	return l
}
