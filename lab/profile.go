package lab

import (
	"bytes"
	"encoding/csv"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"

	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/protocol/ctlp"
)

const profileHead = `# Profile of a practice cluster, written by the lab each time it starts. Every
# identity is pinned and every password is the one in the file named here.

`

// writeProfile writes lab.toml. Callers hold the lab's lock or are alone.
func (l *Lab) writeProfile() error {
	source := "file:" + filepath.Join(l.Dir, filePassword)
	p := site.Profile{Name: l.st.Name, User: adminUser, PasswordSource: source, Version: l.st.Release, Fleet: fileFleet, Practice: true}
	if l.st.CUCM {
		p.Publisher, p.Version = site.PublisherCUCM, l.release().full
		p.PlatformUser, p.PlatformPasswordSource = platformUser, "file:"+filepath.Join(l.Dir, filePlatform)
	}
	for _, n := range l.Nodes {
		ports := n.Ports()
		out := site.Node{Name: n.Name, Role: n.Role, Address: n.Address, Transport: site.TransportCTLP,
			TFTPPort: site.At(ports.TFTP), HTTPPort: site.At(ports.HTTP), TVSPort: site.At(ports.TVS)}
		host := ssh.FingerprintSHA256(n.hostKey.PublicKey())
		switch {
		case n.callManager() && l.st.CUCM:
			c, err := n.pair(certTomcat)
			if err != nil {
				return err
			}
			out.Transport, out.Fingerprint = site.TransportOSAdmin, ctlp.Fingerprint(c.der)
			out.CTLPPort, out.HTTPSPort, out.SSHPort = site.At(0), site.At(ports.HTTPS), site.At(ports.SSH)
			out.SSHUser, out.SSHPasswordSource, out.SSHHostKey = platformUser, p.PlatformPasswordSource, host
		case n.callManager():
			c, err := n.pair(certProvider)
			if err != nil {
				return err
			}
			out.Fingerprint = ctlp.Fingerprint(c.der)
			out.CTLPPort, out.SSHPort, out.SSHUser, out.SSHPasswordSource, out.SSHHostKey = site.At(ports.CTLP), site.At(ports.SSH), adminUser, source, host
		default:
			out.Transport = site.TransportSFTP
			out.SFTPPort, out.SFTPUser, out.SFTPPasswordSource, out.SFTPHostKey = site.At(ports.SFTP), sftpUser, source, host
			out.Path = sftpRoot
		}
		p.Nodes = append(p.Nodes, out)
	}
	data, err := p.Marshal()
	if err != nil {
		return message.Errorf("write %s: %w", ProfileFile, err)
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
