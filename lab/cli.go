package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/internal/lazyregexp"
	"ctlclient/internal/services"
	"ctlclient/protocol/platform"
)

// cli answers the administration CLI of a node, in the words of Cisco's guides.
type cli struct{ n *Node }

// screen is what commands are typed on: a platform.Terminal.
type screen interface {
	Print(text string)
	Confirm(question string) (bool, error)
	Paste() (string, error) // PEM up to an empty line
	Password(question string) (string, error)
}

// command of the CLI: the words, and what a node does on them.
type command struct {
	words *lazyregexp.Regexp
	run   func(c *cli, ctx context.Context, args []string, t screen) error
}

// words compiles a command's pattern: the whole line, blanks in any number, also
// around commas and equals signs.
func words(pattern string) *lazyregexp.Regexp {
	p := strings.NewReplacer(" ", `\s+`, ",", `\s*,\s*`, "=", `\s*=\s*`).Replace(pattern)
	return lazyregexp.New(`(?i)^\s*` + p + `\s*$`)
}

var commands = []command{
	{words(`show ctl`), (*cli).showCTL},
	{words(`show itl`), (*cli).showITL},
	{words(`show version active`), (*cli).version},
	{words(`utils ctl set-cluster (mixed-mode|non-secure-mode)`), (*cli).setCluster},
	{words(`utils ctl update CTLFile`), (*cli).update},
	{words(`file delete tftp (\S+)`), (*cli).deleteTFTP},
	{words(`file delete activelog cm/tftpdata/(\S+)`), (*cli).deleteTFTP},
	{words(`run sql select paramname,paramvalue from processconfig where paramname='(\w+)'`), (*cli).sql},
	{words(`utils service restart (` + services.TFTP + `|` + services.CallManager + `|` + services.TVS + `)`), (*cli).restart},
}

// run is the platform.Handler.
func (c *cli) run(ctx context.Context, line string, t screen) error {
	c.n.lab.log.printf("%s: cli: %q", c.n.name(), line)
	for _, cmd := range slices.Concat(commands, moreCommands) {
		if m := cmd.words.FindStringSubmatch(line); m != nil {
			return cmd.run(c, ctx, m[1:], t)
		}
	}
	return platform.ErrUnknownCommand
}

const restartLine = "Please Restart the TFTP and Cisco CallManager services on all nodes in the cluster that run these services"

// refusal is a node's answer to what it does not do, in a node's words.
type refusal string

func (r refusal) Error() string { return string(r) }

const (
	errNotPublisher refusal = "This command can only be executed on the publisher node."
	errNotMixed     refusal = "Cluster is not in Mixed Mode. CTL file cannot be updated."
	errNotExport    refusal = "The cluster is not registered with an account that allows export-controlled functionality.\nCluster cannot be set to Mixed Mode."
)

// onlyPublisher: utils ctl is the publisher's.
func (c *cli) onlyPublisher() error {
	if c.n.Role == rolePublisher {
		return nil
	}
	return errNotPublisher
}

func (c *cli) showCTL(_ context.Context, _ []string, t screen) error {
	data, err := c.n.read(ctlName)
	if errors.Is(err, fs.ErrNotExist) {
		t.Print("Length of CTL file: 0")
		t.Print("CTL File not found. Please run CTLClient plugin or run the CLI - utils ctl.. to generate the CTL file.")
		t.Print("Error parsing the CTL File.")
		return nil
	}
	if err != nil {
		return err
	}
	return show(data, "CTL", t)
}

func (c *cli) showITL(_ context.Context, _ []string, t screen) error {
	data, err := c.n.read(itlName)
	if errors.Is(err, fs.ErrNotExist) {
		t.Print("Length of ITL file: 0")
		t.Print("ITL File not found. Please run the CLI - utils itl.. to generate the ITL file.")
		t.Print("Error parsing the ITL File!!")
		return nil
	}
	if err != nil {
		return err
	}
	return show(data, "ITL", t)
}

// show prints a list as the node does.
func show(data []byte, kind string, t screen) error {
	l, err := ctlbuild.Parse(data)
	if err != nil {
		t.Print(fmt.Sprintf("Length of %s file: %d", kind, len(data)))
		t.Print(fmt.Sprintf("Error parsing the %s File.", kind))
		return nil
	}
	var b bytes.Buffer
	if err := ctlbuild.Show(&b, l, time.UTC); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		t.Print(strings.TrimRight(line, "\r\n"))
	}
	return nil
}

func (c *cli) version(_ context.Context, _ []string, t screen) error {
	t.Print("Active Master Version: " + c.n.lab.release().full)
	t.Print("Active Version Installed Software Options:")
	t.Print("No Installed Software Options Found.")
	return nil
}

func (c *cli) setCluster(ctx context.Context, args []string, t screen) error {
	if err := c.onlyPublisher(); err != nil {
		return err
	}
	mixed := strings.EqualFold(args[0], "mixed-mode")
	mode, title := "Non Secure", "Non Secure mode"
	if mixed {
		mode, title = "Mixed", "Mixed mode"
	}
	question := "This operation will set the cluster to " + title + "."
	if mixed && c.n.lab.fault(FaultAutoRegister) > 0 {
		question += "  Auto-registration is enabled on at least one CM node."
	}
	ok, err := t.Confirm(question + " Do you want to continue? (y/n):")
	if err != nil || !ok {
		return err
	}
	l := c.n.lab
	l.mu.Lock()
	defer l.mu.Unlock()
	if mixed && l.st.ExportRefused {
		return errNotExport
	}
	t.Print("")
	t.Print("Moving Cluster to " + mode + " Mode")
	l.st.Mixed = mixed
	missed, err := l.publishCTL(ctx)
	if err != nil {
		return err
	}
	if err := l.refreshHeld(ctx); err != nil {
		return err
	}
	c.missed(missed, t)
	t.Print("Cluster set to " + mode + " Mode")
	t.Print(restartLine)
	return nil
}

func (c *cli) update(ctx context.Context, _ []string, t screen) error {
	if err := c.onlyPublisher(); err != nil {
		return err
	}
	ok, err := t.Confirm("This operation will update the CTLFile. Do you want to continue? (y/n):")
	if err != nil || !ok {
		return err
	}
	l := c.n.lab
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.st.Mixed {
		return errNotMixed
	}
	t.Print("")
	t.Print("Updating CTL file")
	missed, err := l.publishCTL(ctx)
	if err != nil {
		return err
	}
	c.missed(missed, t)
	t.Print("CTL file Updated")
	t.Print(restartLine)
	return nil
}

func (c *cli) missed(nodes []string, t screen) {
	for _, n := range nodes {
		t.Print("Unable to copy the CTL file to " + n)
	}
}

func (c *cli) deleteTFTP(_ context.Context, args []string, t screen) error {
	name := args[0]
	if _, err := c.n.read(name); err != nil {
		t.Print("files: found = 0, deleted = 0")
		return nil
	}
	t.Print("Delete the File " + name + "?")
	ok, err := t.Confirm(`Enter "y" followed by return to continue: `)
	if err != nil || !ok {
		return err
	}
	l := c.n.lab
	l.mu.Lock()
	defer l.mu.Unlock()
	switch err := c.n.remove(name); {
	case errors.Is(err, fs.ErrNotExist):
		t.Print("files: found = 0, deleted = 0")
	case err != nil:
		return err
	default:
		t.Print("files: found = 1, deleted = 1")
	}
	return nil
}

// sql answers the one question of the enterprise parameters that the technote
// asks.
func (c *cli) sql(_ context.Context, args []string, t screen) error {
	l := c.n.lab
	l.mu.Lock()
	mixed := l.st.Mixed
	l.mu.Unlock()
	if args[0] != "ClusterSecurityMode" {
		t.Print("paramname paramvalue")
		t.Print("========= ==========")
		return nil
	}
	t.Print("paramname           paramvalue")
	t.Print("=================== ==========")
	t.Print(fmt.Sprintf("ClusterSecurityMode %d", modeValue(mixed)))
	return nil
}

func (c *cli) restart(ctx context.Context, args []string, t screen) error {
	for _, name := range []string{services.TFTP, services.CallManager, services.TVS} {
		if !strings.EqualFold(name, args[0]) {
			continue
		}
		l := c.n.lab
		l.mu.Lock()
		defer l.mu.Unlock()
		t.Print(" Don't press Ctrl-c while the service is getting RESTARTED.If Service has not Restarted Properly, execute the same Command Again")
		t.Print("Service Manager is running")
		t.Print(name + "[STOPPING]  ")
		t.Print(name + "[STOPPING]  ")
		t.Print(name + "[STARTING]  ")
		if err := c.n.restartService(ctx, name); err != nil {
			return err
		}
		t.Print(name + "[STARTED]  ")
		return nil
	}
	return nil
}
