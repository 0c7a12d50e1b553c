package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"ctlclient/message"
	"ctlclient/provider"
)

// providerMemory is how much memory the service of a node aims at, in bytes; the
// variable GOMEMLIMIT says otherwise. It is no limit: what clients need is on top.
const providerMemory = 256 << 20

// tellReload says how a running service learns of a change.
func (a *app) tellReload() {
	if !a.json {
		if runtime.GOOS == "windows" {
			a.tellf("a running service reads the change when it is started again\n")
			return
		}
		a.tellf("a running service reads the change after: systemctl reload ctlclient-provider (or SIGHUP)\n")
	}
}

// providerRuns says for how long the service runs, and how it learns of a change.
func providerRuns(system string) string {
	if system == "windows" {
		return message.Words("It runs until interrupted. Start it again after a change of users, certificate or configuration.").String()
	}
	return `It runs until interrupted. SIGHUP rereads users, certificate and configuration without
dropping a connection.`
}

// providerFile is where the configuration stands when nobody says otherwise.
func providerFile() string { return filepath.Join(provider.DefaultState, "provider.toml") }

func newProviderCommand(a *app) *cobra.Command {
	var config string
	c := &cobra.Command{
		Use:   "provider",
		Short: "Run the CTL Provider of a node: serve and replace the trust lists of a TFTP folder",
		Long: `Serve and replace the trust lists of a TFTP folder over CTLP, port 2444, so that the TFTP
server of an open-source call system is a node like any other. A new list is accepted only
if its signature verifies and if the list that it replaces trusts its signer. Every client
needs a password; after five wrong ones its address is locked out.

` + providerRuns(runtime.GOOS) + `

What was done and by whom goes to the audit log, JSON lines, which is standard error unless
the configuration names a file.

To set it up: provider init, provider user add, provider unit.`,
		Example: "  ctlclient provider init --folder /var/lib/tftpboot\n  ctlclient provider user add admin\n" +
			"  ctlclient provider --config /var/lib/ctlclient-provider/provider.toml",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return runProvider(cmd.Context(), a, config)
		},
	}
	c.PersistentFlags().StringVar(&config, "config", providerFile(), "the service's configuration, a `file`")
	c.AddCommand(newProviderInitCommand(a, &config), newProviderUserCommand(a, &config),
		newProviderFingerprintCommand(a, &config), newProviderUnitCommand(a, &config))
	return withExits(c, exitDone, exitUsage)
}

// loadProvider reads the configuration; a missing one names the command that makes it.
func loadProvider(file string) (provider.Config, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return provider.Config{}, err
	}
	c, err := provider.LoadConfig(abs)
	if errors.Is(err, fs.ErrNotExist) {
		return c, usageWith(message.Phrase("ctlclient provider init --config %s --folder FOLDER makes one", file), "there is no configuration %s", file)
	}
	return c, err
}

func runProvider(ctx context.Context, a *app, file string) error {
	c, err := loadProvider(file)
	if err != nil {
		return err
	}
	users, err := provider.LoadUsers(c.Users)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(users.Names()) == 0:
		a.note("nobody can log in yet: ctlclient provider user add NAME --config %s", file)
	case err != nil:
		return err
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		// Passwords cost 64 MiB each to look at, which would else be left to lie.
		debug.SetMemoryLimit(providerMemory)
	}
	a.hangupIsTheirs.Store(true)
	var shown error
	err = provider.Run(ctx, c.File, provider.Options{
		Name: versionText(), Stderr: a.err,
		Started: func(addr net.Addr, fingerprint string, made bool) {
			shown = a.providerStarted(c.Folder, addr, fingerprint, made)
		},
	})
	var listen *net.OpError
	switch {
	case errors.Is(err, provider.ErrFolderInUse):
		return usagef("end the other one, or serve another folder", "%v", err)
	case errors.As(err, &listen) && listen.Op == "listen":
		return usageWith(message.Phrase("another program has the port, or only root may take it: see listen in %s", file), "%v", listen)
	}
	return errors.Join(err, shown)
}

func (a *app) providerStarted(folder string, addr net.Addr, fingerprint string, made bool) error {
	if a.json {
		return a.object("started", map[string]any{"folder": folder, "listen": addr.String(), "fingerprint": fingerprint, "made": made})
	}
	_, err := io.WriteString(a.out, a.say("serving %s on %s\nTLS certificate %s\n", folder, addr, fingerprint))
	return err
}

func newProviderInitCommand(a *app, config *string) *cobra.Command {
	var folder string
	c := &cobra.Command{
		Use:   "init",
		Short: "Write the service's configuration and make its certificate",
		Long: `Write a configuration that explains every key, and make the certificate of the service.
Files that exist are kept. Compare the fingerprint that is printed with the one that
ctlclient cluster pin shows for this node.`,
		Example: "  ctlclient provider init --folder /var/lib/tftpboot",
		Args:    exactly(),
		RunE:    func(*cobra.Command, []string) error { return runProviderInit(a, *config, folder) },
	}
	c.Flags().StringVar(&folder, "folder", "/var/lib/tftpboot", "the `folder` that the TFTP server serves")
	return withExits(c, exitDone, exitUsage)
}

func runProviderInit(a *app, file, folder string) error {
	c, fingerprint, err := provider.Init(file, folder)
	switch {
	case errors.Is(err, fs.ErrExist):
		return usagef("change it by hand, or choose another --config", "%s exists already", file)
	case errors.Is(err, fs.ErrNotExist):
		return usagef("--folder names the folder that the TFTP server serves", "%v", plainPath(err))
	case err != nil:
		return err
	}
	if a.json {
		return a.result(map[string]any{"config": c.File, "folder": c.Folder, "fingerprint": fingerprint})
	}
	a.printf("%s: written, serves %s\nTLS certificate %s\n", c.File, c.Folder, fingerprint)
	if runtime.GOOS == "windows" {
		a.tellf("next: ctlclient provider user add NAME --config %s, then ctlclient provider --config %s\n", file, file)
		return nil
	}
	a.tellf("next: ctlclient provider user add NAME --config %s, then ctlclient provider unit --config %s\n", file, file)
	return nil
}

func newProviderFingerprintCommand(a *app, config *string) *cobra.Command {
	c := &cobra.Command{
		Use:   "fingerprint",
		Short: "Show the fingerprint of the service's certificate",
		Long: `Show the fingerprint of the service's TLS certificate. Compare it with the one that
ctlclient cluster pin shows for this node.`,
		Example: "  ctlclient provider fingerprint",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			c, err := loadProvider(*config)
			if err != nil {
				return err
			}
			fingerprint, err := provider.CertificateFingerprint(c)
			if err != nil {
				return err
			}
			if a.json {
				return a.result(map[string]any{"fingerprint": fingerprint})
			}
			a.printf("%s\n", fingerprint)
			return nil
		},
	}
	return withExits(c, exitDone, exitUsage)
}

type providerUnitOptions struct {
	out, binary, user string
	force             bool
}

func newProviderUnitCommand(a *app, config *string) *cobra.Command {
	var o providerUnitOptions
	c := &cobra.Command{
		Use:   "unit",
		Short: "Write a hardened systemd unit for the service",
		Long: `Write a systemd unit that runs the service as a user of its own, without privileges, which
can write to its own folders alone. Its first lines say how to make the user.`,
		Example: "  ctlclient provider unit --out /etc/systemd/system/ctlclient-provider.service",
		Args:    exactly(),
		RunE:    func(*cobra.Command, []string) error { return runProviderUnit(a, *config, o) },
	}
	f := c.Flags()
	f.StringVar(&o.out, "out", "-", "`file` to write, - for standard output")
	f.StringVar(&o.binary, "binary", "", "`path` of the program (default: this one)")
	f.StringVar(&o.user, "user", provider.DefaultUser, "system `user` that it runs as")
	f.BoolVar(&o.force, "force", false, "replace a file that exists")
	return withExits(c, exitDone, exitUsage)
}

func runProviderUnit(a *app, file string, o providerUnitOptions) error {
	c, err := loadProvider(file)
	if err != nil {
		return err
	}
	if o.binary == "" {
		if o.binary, err = os.Executable(); err != nil {
			return message.Errorf("where this program is: %w", err)
		}
	}
	var b bytes.Buffer
	if err := provider.WriteUnit(&b, c.Unit(o.binary, o.user)); err != nil {
		return err
	}
	if o.out != "-" {
		if err := createFile(o.out, b.Bytes(), o.force, 0o644); err != nil {
			return err
		}
		return a.said("%s written; next: systemctl daemon-reload, systemctl enable --now ctlclient-provider", o.out)
	}
	if a.json {
		return a.result(map[string]any{"unit": b.String()})
	}
	_, err = io.Copy(a.out, &b)
	return err
}
