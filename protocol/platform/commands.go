package platform

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
)

// The commands, as they are typed.
const (
	cmdShowCTL       = "show ctl"
	cmdShowITL       = "show itl"
	cmdMixed         = "utils ctl set-cluster mixed-mode"
	cmdNonSecure     = "utils ctl set-cluster non-secure-mode"
	cmdUpdateCTL     = "utils ctl update CTLFile"
	cmdDeleteCTL     = "file delete tftp CTLFile.tlv"
	cmdMode          = "run sql select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'"
	cmdVersion       = "show version active"
	cmdRestartPrefix = "utils service restart "
	cmdNoPager       = "set cli pagination off"
)

// The questions that these commands ask, blanks in any number. Setting mixed mode asks
// another one where auto-registration is on: it is then switched off.
var (
	askMode    = lazyregexp.New(`(?i)this operation will set the cluster to (?:mixed|non[ -]?secure) mode\. (?:auto-registration is enabled on at least one CM node\. )?` + endsYesNo)
	askUpdate  = lazyregexp.New(`(?i)this operation will update the CTL ?File\. ` + endsYesNo)
	askDelete  = lazyregexp.New(`(?i)delete the file CTLFile\.tlv ?\? ` + endsEnterY)
	askRestart = lazyregexp.New(`(?i)` + endsYesNo)
)

func (c *Client) simple(ctx context.Context, command string) (string, error) {
	return c.run(ctx, exchange{command: command, timeout: c.options.Timeout})
}

func (c *Client) confirmed(ctx context.Context, command string, asks *lazyregexp.Regexp) (string, error) {
	return c.run(ctx, exchange{command: command, asks: asks, timeout: c.options.Timeout})
}

// ShowCTL is "show ctl": what the node makes of the CTL that it serves.
func (c *Client) ShowCTL(ctx context.Context) (*ListInfo, error) { return c.show(ctx, cmdShowCTL) }

// ShowITL is "show itl".
func (c *Client) ShowITL(ctx context.Context) (*ListInfo, error) { return c.show(ctx, cmdShowITL) }

func (c *Client) show(ctx context.Context, command string) (*ListInfo, error) {
	out, err := c.simple(ctx, command)
	if err != nil {
		return nil, err
	}
	info, err := ParseShow(out)
	if err != nil {
		return nil, notUnderstood(command, out, err.Error())
	}
	return info, nil
}

// SetClusterMode is "utils ctl set-cluster ...", on the publisher: it writes a
// CTL signed by the cluster itself and sets the mode. Afterwards TFTP and
// CallManager have to be restarted on all nodes that run them.
func (c *Client) SetClusterMode(ctx context.Context, mixed bool) error {
	command, success := cmdNonSecure, "Cluster set to Non Secure Mode"
	if mixed {
		command, success = cmdMixed, "Cluster set to Mixed Mode"
	}
	return c.expect(ctx, command, askMode, success)
}

// UpdateCTLFile is "utils ctl update CTLFile", on the publisher of a cluster in
// mixed mode: it writes the CTL anew, signed by the cluster itself.
func (c *Client) UpdateCTLFile(ctx context.Context) error {
	return c.expect(ctx, cmdUpdateCTL, askUpdate, "CTL file Updated")
}

// expect runs a command that asks for confirmation and says so when it is done.
func (c *Client) expect(ctx context.Context, command string, asks *lazyregexp.Regexp, success string) error {
	out, err := c.confirmed(ctx, command, asks)
	if err != nil {
		return err
	}
	if !says(out, success) {
		return notUnderstood(command, out, fmt.Sprintf("it did not say %q", success))
	}
	return nil
}

// says: one of the lines is this sentence, blanks and case aside.
func says(out, sentence string) bool {
	for line := range strings.Lines(out) {
		if strings.EqualFold(strings.Join(strings.Fields(line), " "), sentence) {
			return true
		}
	}
	return false
}

var deletedFiles = lazyregexp.New(`(?im)^\s*files: found = (\d+), deleted = (\d+)\s*$`)

// DeleteCTLFile is "file delete tftp CTLFile.tlv" on this node: needed before
// the node's own commands replace a list that hardware tokens signed. A node
// without the file deletes 0.
func (c *Client) DeleteCTLFile(ctx context.Context) (deleted int, err error) {
	out, err := c.confirmed(ctx, cmdDeleteCTL, askDelete)
	if err != nil {
		return 0, err
	}
	m := deletedFiles.FindStringSubmatch(out)
	if m == nil {
		return 0, notUnderstood(cmdDeleteCTL, out, "it did not say how many files it deleted")
	}
	found, err1 := strconv.Atoi(m[1])
	deleted, err2 := strconv.Atoi(m[2])
	if err1 != nil || err2 != nil || found != deleted {
		return 0, notUnderstood(cmdDeleteCTL, out, "it did not delete what it found")
	}
	return deleted, nil
}

var modeRow = lazyregexp.New(`(?m)^\s*ClusterSecurityMode\s+(\d+)\s*$`)

// ClusterMixed asks the database for the parameter ClusterSecurityMode: 1 is
// mixed mode.
func (c *Client) ClusterMixed(ctx context.Context) (bool, error) {
	out, err := c.simple(ctx, cmdMode)
	if err != nil {
		return false, err
	}
	rows := modeRow.FindAllStringSubmatch(out, 2)
	if len(rows) == 1 {
		switch rows[0][1] {
		case "0":
			return false, nil
		case "1":
			return true, nil
		}
	}
	return false, notUnderstood(cmdMode, out, "no row for ClusterSecurityMode with 0 or 1")
}

// serviceName is what may follow "utils service restart".
var serviceName = lazyregexp.New(`^[A-Za-z][A-Za-z0-9 .-]{0,63}$`)

// RestartService is "utils service restart NAME", which ends with the line
//
//	NAME[STARTED]
//
// when the service runs again. It has five times the time of other commands.
func (c *Client) RestartService(ctx context.Context, name string) error {
	if !serviceName.MatchString(name) {
		return message.Errorf("%q is not the name of a service", name)
	}
	command := cmdRestartPrefix + name
	out, err := c.run(ctx, exchange{command: command, asks: askRestart, timeout: restartFactor * c.options.Timeout})
	if err != nil {
		return err
	}
	states := regexp.MustCompile(`(?i)`+regexp.QuoteMeta(name)+`\s*\[([A-Za-z ]+)\]`).FindAllStringSubmatch(out, -1)
	if len(states) == 0 {
		return notUnderstood(command, out, "it did not say what state the service is in")
	}
	if last := states[len(states)-1][1]; !strings.EqualFold(last, "STARTED") {
		return notUnderstood(command, out, fmt.Sprintf("the service is in state %q", last))
	}
	return nil
}

var versionLine = lazyregexp.New(`(?im)^\s*Active Master Version:\s*(\d+(?:\.\d+)+(?:-\d+)?)\s*$`)

// Version is the number in "show version active": "12.0.1.10000-10".
func (c *Client) Version(ctx context.Context) (string, error) {
	out, err := c.simple(ctx, cmdVersion)
	if err != nil {
		return "", err
	}
	m := versionLine.FindStringSubmatch(out)
	if m == nil {
		return "", notUnderstood(cmdVersion, out, "no line \"Active Master Version\"")
	}
	return m[1], nil
}
