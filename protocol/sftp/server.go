package sftp

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"strings"

	pkgsftp "github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"ctlclient/protocol/sshconn"
)

// ErrServerClosed is what Server.Serve returns after Close.
var ErrServerClosed = sshconn.ErrServerClosed

// ServerOptions of NewServer. At least one of Login and AuthorizedKeys lets
// somebody in.
type ServerOptions struct {
	HostKey        ssh.Signer
	Login          func(user string, password []byte) bool
	AuthorizedKeys []ssh.PublicKey

	// Root is the folder that clients see as "/". No name and no link leads out
	// of it.
	Root string
}

// Server is an SFTP server of one folder. It replaces files in one step
// (posix-rename) and flushes what was written before it answers that a file is
// closed.
type Server struct {
	ssh  *sshconn.Server
	root *os.Root
}

// NewServer opens the folder; it does nothing more until Serve. To start again
// after Close, make a new one.
func NewServer(o ServerOptions) (*Server, error) {
	root, err := os.OpenRoot(o.Root)
	if err != nil {
		return nil, err
	}
	s := &Server{root: root}
	s.ssh = sshconn.NewServer(sshconn.ServerOptions{
		HostKey:        o.HostKey,
		Login:          o.Login,
		AuthorizedKeys: o.AuthorizedKeys,
		Session:        s.session,
	})
	return s, nil
}

// Serve accepts connections until Close. It may be called for several listeners.
func (s *Server) Serve(l net.Listener) error { return s.ssh.Serve(l) }

// Close ends Serve and cuts every connection, at once.
func (s *Server) Close() error { return errors.Join(s.ssh.Close(), s.root.Close()) }

// session waits for the sftp subsystem and serves it; no shell, no commands.
func (s *Server) session(_ context.Context, _ string, channel ssh.Channel, requests <-chan *ssh.Request) {
	for request := range requests {
		var subsystem struct{ Name string }
		ok := request.Type == "subsystem" && ssh.Unmarshal(request.Payload, &subsystem) == nil && subsystem.Name == "sftp"
		if request.WantReply && request.Reply(ok, nil) != nil {
			return
		}
		if !ok {
			continue
		}
		go ssh.DiscardRequests(requests)
		folder := folder{s.root}
		handlers := pkgsftp.Handlers{FileGet: folder, FilePut: folder, FileCmd: folder, FileList: folder}
		server := pkgsftp.NewRequestServer(channel, handlers)
		_ = server.Serve() // it ends when the client goes, well or not
		_ = server.Close()
		return
	}
}

// folder does file operations inside a root.
type folder struct{ root *os.Root }

// local makes a name in the root of a path that the client gave.
func local(name string) string {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if name == "" {
		return "."
	}
	return name
}

func (f folder) Fileread(r *pkgsftp.Request) (io.ReaderAt, error) {
	return f.root.Open(local(r.Filepath))
}

func (f folder) Filewrite(r *pkgsftp.Request) (io.WriterAt, error) {
	flags := r.Pflags()
	mode := os.O_WRONLY
	if flags.Creat {
		mode |= os.O_CREATE
	}
	if flags.Excl {
		mode |= os.O_EXCL
	}
	if flags.Trunc {
		mode |= os.O_TRUNC
	}
	file, err := f.root.OpenFile(local(r.Filepath), mode, 0o644)
	if err != nil {
		return nil, err
	}
	return &flushed{file}, nil
}

// flushed is a file that is on disk when it has been closed.
type flushed struct{ *os.File }

func (f *flushed) Close() error { return errors.Join(f.Sync(), f.File.Close()) }

func (f folder) Filecmd(r *pkgsftp.Request) error {
	name := local(r.Filepath)
	switch r.Method {
	case "Setstat":
		return f.setAttributes(name, r)
	case "Rename":
		// Version 3: it is an error if the target exists.
		if _, err := f.root.Lstat(local(r.Target)); err == nil {
			return fs.ErrExist
		}
		return f.root.Rename(name, local(r.Target))
	case "Remove":
		if info, err := f.root.Lstat(name); err != nil {
			return err
		} else if info.IsDir() {
			return pkgsftp.ErrSSHFxFailure
		}
		return f.root.Remove(name)
	case "Rmdir":
		return f.root.Remove(name)
	case "Mkdir":
		return f.root.Mkdir(name, 0o755)
	}
	return pkgsftp.ErrSSHFxOpUnsupported
}

func (f folder) setAttributes(name string, r *pkgsftp.Request) error {
	flags, attributes := r.AttrFlags(), r.Attributes()
	if flags.Permissions {
		if err := f.root.Chmod(name, fs.FileMode(attributes.Mode).Perm()); err != nil {
			return err
		}
	}
	if flags.UidGid {
		return f.root.Chown(name, int(attributes.UID), int(attributes.GID))
	}
	return nil
}

// PosixRename replaces the target in one step.
func (f folder) PosixRename(r *pkgsftp.Request) error {
	return f.root.Rename(local(r.Filepath), local(r.Target))
}

// StatVFS is not told: portable code cannot ask.
func (f folder) StatVFS(*pkgsftp.Request) (*pkgsftp.StatVFS, error) {
	return nil, pkgsftp.ErrSSHFxOpUnsupported
}

func (f folder) Filelist(r *pkgsftp.Request) (pkgsftp.ListerAt, error) {
	name := local(r.Filepath)
	switch r.Method {
	case "List":
		dir, err := f.root.Open(name)
		if err != nil {
			return nil, err
		}
		defer dir.Close()
		entries, err := dir.Readdir(-1)
		return listing(entries), err
	case "Stat":
		info, err := f.root.Stat(name)
		return listing{info}, err
	}
	return nil, pkgsftp.ErrSSHFxOpUnsupported
}

func (f folder) Lstat(r *pkgsftp.Request) (pkgsftp.ListerAt, error) {
	info, err := f.root.Lstat(local(r.Filepath))
	return listing{info}, err
}

type listing []fs.FileInfo

func (l listing) ListAt(out []fs.FileInfo, offset int64) (int, error) {
	if offset >= int64(len(l)) {
		return 0, io.EOF
	}
	n := copy(out, l[offset:])
	if n < len(out) {
		return n, io.EOF
	}
	return n, nil
}
