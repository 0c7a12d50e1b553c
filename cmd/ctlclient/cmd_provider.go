package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"ctlclient/provider"
)

type providerOptions struct {
	config string
}

func (o *providerOptions) file() string {
	if o.config == "" {
		return filepath.Join(provider.DefaultState, "provider.toml")
	}
	return o.config
}

func (o *providerOptions) add(c *cobra.Command) {
	c.Flags().StringVar(&o.config, "config", "", "configuration `file` (default: provider.toml in "+provider.DefaultState+")")
}

func newProviderCommand(a *app) *cobra.Command {
	var o providerOptions
	c := &cobra.Command{
		Use:   "provider",
		Short: "Run the CTL Provider on a TFTP server of an open-source call system",
		Long: `Serve and replace trust lists in a TFTP folder over CTLP, port 2444, so that a node of
an open-source call system takes part in a cluster like any other. A list must
verify before it is accepted, and its signer be trusted by the list that it
replaces. Runs until interrupted; SIGHUP rereads the configuration.

To set it up: provider init, provider user add, provider unit.`,
		Example: `  ctlclient provider init --config /var/lib/ctlclient-provider/provider.toml
  ctlclient provider user add admin
  ctlclient provider`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return runProvider(cmd.Context(), a, o)
		},
	}
	o.add(c)
	c.AddCommand(newProviderInitCommand(a), newProviderUserCommand(a), newProviderUnitCommand(a))
	return withExits(c, exitDone, exitUsage, exitInterrupted)
}

func runProvider(ctx context.Context, a *app, o providerOptions) error {
	c, err := provider.LoadConfig(o.file())
	if err != nil {
		return err
	}
	fingerprint, made, err := provider.EnsureCertificate(c)
	if err != nil {
		return err
	}
	if made {
		a.note("a certificate was made")
	}
	a.note("listening on %s, fingerprint %s", c.Listen, fingerprint)
	return provider.Run(ctx, o.file(), provider.Options{Name: versionText()})
}

func newProviderInitCommand(a *app) *cobra.Command {
	var o providerOptions
	c := &cobra.Command{
		Use:     "init",
		Short:   "Write an example configuration",
		Long:    "Write an example configuration with every key explained. What exists is kept.",
		Example: "  ctlclient provider init --config provider.toml",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			if err := os.MkdirAll(filepath.Dir(o.file()), 0o700); err != nil {
				return plainPath(err)
			}
			if err := createFile(o.file(), []byte(provider.ExampleConfig), false, 0o600); err != nil {
				return err
			}
			return a.said("%s written: name the folder that TFTP serves in it", o.file())
		},
	}
	o.add(c)
	return withExits(c, exitDone, exitUsage)
}

type providerUserOptions struct {
	providerOptions
	password string
}

func newProviderUserCommand(a *app) *cobra.Command {
	var add, remove, list providerUserOptions
	addCmd := withExits(&cobra.Command{
		Use:     "add NAME",
		Short:   "Add a user, or give one a new password",
		Long:    "Add a user, or give one a new password. The password is asked for twice; what is kept is an argon2id hash.",
		Example: "  ctlclient provider user add admin",
		Args:    exactly("NAME"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runUserAdd(cmd.Context(), a, add, args[0]) },
	}, exitDone, exitUsage, exitInterrupted)
	add.add(addCmd)
	addCmd.Flags().StringVar(&add.password, "password-source", "prompt", "where the password comes from: `prompt|env:NAME|file:PATH|fd:N`")
	removeCmd := withExits(&cobra.Command{
		Use: "remove NAME", Short: "Remove a user", Example: "  ctlclient provider user remove admin", Args: exactly("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := provider.LoadConfig(remove.file())
			if err != nil {
				return err
			}
			if err := provider.RemoveUser(cmd.Context(), c.Users, args[0]); err != nil {
				return err
			}
			return a.said("%s removed; a running provider takes it up on SIGHUP", args[0])
		},
	}, exitDone, exitUsage)
	remove.add(removeCmd)
	listCmd := withExits(&cobra.Command{
		Use: "list", Short: "List the users", Example: "  ctlclient provider user list", Args: exactly(),
		RunE: func(*cobra.Command, []string) error { return runUserList(a, list) },
	}, exitDone, exitUsage)
	list.add(listCmd)
	return group("user", "Add, remove and list the provider's users", "  ctlclient provider user add admin", addCmd, removeCmd, listCmd)
}

func runUserAdd(ctx context.Context, a *app, o providerUserOptions, name string) error {
	c, err := provider.LoadConfig(o.file())
	if err != nil {
		return err
	}
	src, err := newSecretSource(o.password)
	if err != nil {
		return usagef("use --password-source prompt, env:NAME, file:PATH or fd:N", "wrong --password-source")
	}
	password, err := newSecret(ctx, src, "Password of "+printable(name)+": ", "The password again: ")
	if err != nil {
		return err
	}
	defer clear(password)
	replaced, err := provider.AddUser(ctx, c.Users, name, password)
	if err != nil {
		return err
	}
	what := "added"
	if replaced {
		what = "has a new password"
	}
	return a.said("%s %s; a running provider takes it up on SIGHUP", name, what)
}

func runUserList(a *app, o providerUserOptions) error {
	c, err := provider.LoadConfig(o.file())
	if err != nil {
		return err
	}
	users, err := provider.LoadUsers(c.Users)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	var names []string
	if users != nil {
		names = users.Names()
	}
	if a.json {
		return a.result(map[string]any{"users": names})
	}
	for _, n := range names {
		a.printf("%s\n", n)
	}
	return nil
}

func newProviderUnitCommand(a *app) *cobra.Command {
	var o providerOptions
	var user string
	c := &cobra.Command{
		Use:     "unit",
		Short:   "Print a hardened systemd unit",
		Long:    "Print a systemd unit that runs the provider as its own user, with nothing but its two folders to write to.",
		Example: "  ctlclient provider unit > /etc/systemd/system/ctlclient-provider.service",
		Args:    exactly(),
		RunE:    func(*cobra.Command, []string) error { return runProviderUnit(a, o, user) },
	}
	o.add(c)
	c.Flags().StringVar(&user, "user", provider.DefaultUser, "`user` that it runs as")
	return withExits(c, exitDone, exitUsage)
}

func runProviderUnit(a *app, o providerOptions, user string) error {
	c, err := provider.LoadConfig(o.file())
	if err != nil {
		return err
	}
	binary, err := os.Executable()
	if err != nil {
		return fmt.Errorf("where the program is: %w", err)
	}
	file, err := filepath.Abs(o.file())
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := provider.WriteUnit(&b, provider.UnitOptions{Binary: binary, Config: file, Folder: c.Folder, User: user}); err != nil {
		return err
	}
	if a.json {
		return a.result(map[string]any{"unit": b.String()})
	}
	_, err = a.out.Write(b.Bytes())
	return err
}
