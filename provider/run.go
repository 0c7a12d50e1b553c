package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"

	"ctlclient/message"
	"ctlclient/protocol/ctlp"
)

// Options of Run.
type Options struct {
	Name string // name and version, told to clients
	// Stderr gets the audit log where the configuration says "-".
	Stderr io.Writer
	// Started is told once that the service answers: where, with which
	// certificate, and whether that was made just now. May be nil.
	Started func(addr net.Addr, fingerprint string, made bool)
}

// ErrFolderInUse is a folder that another service serves.
var ErrFolderInUse = message.NewError("another CTL Provider serves this folder")

// lockName keeps a second service from a folder.
const lockName = ".ctlp.lock"

// service is one running provider.
type service struct {
	file   string // of the configuration
	config Config
	server *ctlp.Server
	audit  *audit
	mode   sync.Mutex
}

// Run serves until ctx ends, which is no error. On SIGHUP it rereads its
// configuration, without dropping connections: users, certificate, nodes and
// any-signer change at once and the audit log is opened anew; listen, folder,
// legacy and the limits change at the next start. A configuration that cannot
// be used is logged, and the former one stays.
func Run(ctx context.Context, configFile string, o Options) (err error) {
	if o.Stderr == nil {
		o.Stderr = io.Discard
	}
	c, err := LoadConfig(configFile)
	if err != nil {
		return err
	}
	lock := flock.New(filepath.Join(c.Folder, lockName), flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	switch {
	case err != nil:
		return message.Errorf("lock %s: %w", c.Folder, err)
	case !locked:
		return fmt.Errorf("%s: %w", c.Folder, ErrFolderInUse)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()

	s := &service{file: configFile, config: c}
	fingerprint, made, err := EnsureCertificate(c)
	if err != nil {
		return err
	}
	if s.audit, err = openAudit(c.AuditLog, o.Stderr); err != nil {
		return message.Errorf("audit log: %w", err)
	}
	defer func() { err = errors.Join(err, s.audit.close()) }()
	users, err := s.open(o.Name)
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return errors.Join(err, s.server.Close())
	}
	s.audit.log("start", "listen", l.Addr().String(), "folder", c.Folder, "fingerprint", fingerprint, "made", made, "users", users)
	if o.Started != nil {
		o.Started(l.Addr(), fingerprint, made)
	}
	return s.serve(ctx, l)
}

// open makes the server; users is how many may log in.
func (s *service) open(name string) (users int, err error) {
	b, err := newBackend(s.config, &s.mode)
	if err != nil {
		return 0, err
	}
	pair, err := loadCertificate(s.config)
	if err != nil {
		return 0, err
	}
	s.server, err = ctlp.NewServer(ctlp.ServerOptions{
		Certificate: pair,
		Backend:     b,
		Dir:         s.config.Folder,
		Name:        name,
		Legacy:      s.config.Legacy,
		Log:         s.audit.log,
		IdleTimeout: s.config.IdleTimeout.Duration,
		MaxConns:    s.config.MaxConnections,

		MaxStrangers: s.config.MaxStrangers,
	})
	return len(b.users.names), err
}

func (s *service) serve(ctx context.Context, l net.Listener) error {
	reload := make(chan os.Signal, 1)
	notifyReload(reload)
	defer signal.Stop(reload)
	done := make(chan error, 1)
	go func() { done <- s.server.Serve(l) }()
	for {
		select {
		case <-reload:
			s.reload()
		case <-ctx.Done():
			err := s.server.Close()
			<-done
			s.audit.log("stop")
			return err
		case err := <-done:
			return errors.Join(err, s.server.Close())
		}
	}
}

// reload takes over all of the new configuration or nothing of it.
func (s *service) reload() {
	err := func() error {
		c, err := LoadConfig(s.file)
		if err != nil {
			return err
		}
		// What the running server cannot change is as it was.
		c.Folder = s.config.Folder
		b, err := newBackend(c, &s.mode)
		if err != nil {
			return err
		}
		pair, err := loadCertificate(c)
		if err != nil {
			return err
		}
		if err := s.audit.reopen(); err != nil {
			return message.Errorf("audit log: %w", err)
		}
		s.server.SetBackend(b)
		s.server.SetCertificate(pair)
		s.audit.log("reload", "fingerprint", ctlp.Fingerprint(pair.Certificate[0]), "users", len(b.users.names))
		return nil
	}()
	if err != nil {
		s.audit.log("reload-failed", "error", err.Error())
	}
}
