package lab

import (
	"ctlclient/protocol/sftp"
)

// sftpRoot is the folder of the lists as an SFTP client of the node sees it.
const sftpRoot = "/"

// newSFTP serves the node's folder, and nothing else, to the SFTP user.
func (n *Node) newSFTP() (*sftp.Server, error) {
	return sftp.NewServer(sftp.ServerOptions{
		HostKey: n.hostKey,
		Login:   func(user string, password []byte) bool { return n.lab.login(user, sftpUser, password) },
		Root:    n.Folder,
	})
}
