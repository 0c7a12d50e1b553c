package lab

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/crypto/ssh"

	"ctlclient/ctlbuild"
	"ctlclient/protocol/ctlp"
)

// profile is the part of a cluster profile (cli.md, "Profile") that a lab
// fills in.
type profile struct {
	Name           string        `toml:"name"`
	User           string        `toml:"user"`
	PasswordSource string        `toml:"password-source"`
	Version        string        `toml:"version"`
	Fleet          string        `toml:"fleet"`
	Nodes          []profileNode `toml:"node"`
}

type profileNode struct {
	Name               string `toml:"name"`
	Role               string `toml:"role"`
	Address            string `toml:"address"`
	Transport          string `toml:"transport"`
	CTLPPort           int    `toml:"ctlp-port,omitempty"`
	Fingerprint        string `toml:"fingerprint,omitempty"`
	SFTPPort           int    `toml:"sftp-port,omitempty"`
	SFTPUser           string `toml:"sftp-user,omitempty"`
	SFTPPasswordSource string `toml:"sftp-password-source,omitempty"`
	SFTPHostKey        string `toml:"sftp-host-key,omitempty"`
	Path               string `toml:"path,omitempty"`
	TFTPPort           int    `toml:"tftp-port,omitempty"`
	HTTPPort           int    `toml:"http-port,omitempty"`
	TVSPort            int    `toml:"tvs-port,omitempty"`
	SSHPort            int    `toml:"ssh-port,omitempty"`
	SSHUser            string `toml:"ssh-user,omitempty"`
	SSHPasswordSource  string `toml:"ssh-password-source,omitempty"`
	SSHHostKey         string `toml:"ssh-host-key,omitempty"`
}

const profileHead = `# Profile of a practice cluster, written by the lab each time it starts. Every
# identity is pinned and every password is the one in the file named here.

`

// writeProfile writes lab.toml. Callers hold the lab's lock or are alone.
func (l *Lab) writeProfile() error {
	source := "file:" + filepath.Join(l.Dir, filePassword)
	p := profile{Name: l.st.Name, User: adminUser, PasswordSource: source, Version: l.st.Release, Fleet: fileFleet}
	for _, n := range l.Nodes {
		ports := n.Ports()
		out := profileNode{Name: n.Name, Role: n.Role, Address: n.Address, Transport: "ctlp",
			CTLPPort: ports.CTLP, TFTPPort: ports.TFTP, HTTPPort: ports.HTTP, TVSPort: ports.TVS}
		host := ssh.FingerprintSHA256(n.hostKey.PublicKey())
		if n.callManager() {
			c, err := n.pair(certProvider)
			if err != nil {
				return err
			}
			out.Fingerprint = ctlp.Fingerprint(c.der)
			out.SSHPort, out.SSHUser, out.SSHPasswordSource, out.SSHHostKey = ports.SSH, adminUser, source, host
		} else {
			out.Transport = "sftp"
			out.SFTPPort, out.SFTPUser, out.SFTPPasswordSource, out.SFTPHostKey = ports.SFTP, sftpUser, source, host
			out.Path = sftpRoot
		}
		p.Nodes = append(p.Nodes, out)
	}
	data, err := toml.Marshal(p)
	if err != nil {
		return fmt.Errorf("write %s: %w", fileProfile, err)
	}
	return writeFile(l.Profile, append([]byte(profileHead), data...))
}

// writeFleet writes phones.csv: each phone with the files of what it holds and
// the TVS servers that it can ask. Callers hold the lab's lock or are alone.
func (l *Lab) writeFleet() error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{"name", "model", "ctl", "itl", "tvs"}}
	held := func(p *Phone, list *ctlbuild.List, name string) string {
		if list == nil {
			return "none"
		}
		return path.Join(dirPhones, p.Name, name)
	}
	for _, p := range l.Phones {
		rows = append(rows, []string{p.Name, p.Model, held(p, p.CTL, ctlName), held(p, p.ITL, itlName), strings.Join(p.st.TVS, " ")})
	}
	if err := w.WriteAll(rows); err != nil {
		return err
	}
	return writeFile(filepath.Join(l.Dir, fileFleet), b.Bytes())
}
