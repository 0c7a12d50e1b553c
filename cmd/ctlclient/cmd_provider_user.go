package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"ctlclient/provider"
)

func newProviderUserCommand(a *app, config *string) *cobra.Command {
	return group("user", "Say who may log in to the service",
		"  ctlclient provider user add admin\n  ctlclient provider user list",
		newProviderUserAddCommand(a, config), newProviderUserRemoveCommand(a, config), newProviderUserListCommand(a, config))
}

func newProviderUserAddCommand(a *app, config *string) *cobra.Command {
	var source string
	c := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a user, or give a user a new password",
		Long: `Add a user, or give a user a new password. The password is asked for twice, without echo,
and kept as an argon2id hash.`,
		Example: "  ctlclient provider user add admin\n  ctlclient provider user add admin --password-source file:/run/secrets/ctlp",
		Args:    exactly("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runProviderUserAdd(cmd.Context(), a, *config, args[0], source)
		},
	}
	c.Flags().StringVar(&source, "password-source", "prompt", "where the password comes from: `prompt|env:NAME|file:PATH|fd:N`")
	return withExits(c, exitDone, exitUsage, exitInterrupted)
}

func runProviderUserAdd(ctx context.Context, a *app, file, name, source string) error {
	src, err := newSourceOf("--password-source", "password", source)
	if err != nil {
		return err
	}
	c, err := loadProvider(file)
	if err != nil {
		return err
	}
	if err := provider.CheckUserName(name); err != nil {
		return err
	}
	password, err := newSecret(ctx, src, a.say("Password of %s: ", name), a.say("The password again: "))
	defer clear(password)
	if err != nil {
		return err
	}
	replaced, err := provider.AddUser(ctx, c.Users, name, password)
	if err != nil {
		return err
	}
	say := func() error { return a.said("%s added", name) }
	if replaced {
		say = func() error { return a.said("%s has a new password", name) }
	}
	if err := say(); err != nil {
		return err
	}
	a.tellReload()
	return nil
}

func newProviderUserRemoveCommand(a *app, config *string) *cobra.Command {
	c := &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a user",
		Long: `Remove a user. When the service has read the change, connections of that user are no
longer logged in.`,
		Example: "  ctlclient provider user remove admin",
		Args:    exactly("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadProvider(*config)
			if err != nil {
				return err
			}
			if err := provider.RemoveUser(cmd.Context(), c.Users, args[0]); err != nil {
				return err
			}
			if err := a.said("%s removed", args[0]); err != nil {
				return err
			}
			a.tellReload()
			return nil
		},
	}
	return withExits(c, exitDone, exitUsage)
}

func newProviderUserListCommand(a *app, config *string) *cobra.Command {
	c := &cobra.Command{
		Use:     "list",
		Short:   "List who may log in",
		Example: "  ctlclient provider user list",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			c, err := loadProvider(*config)
			if err != nil {
				return err
			}
			users, err := provider.LoadUsers(c.Users)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			names := []string{}
			if users != nil {
				names = append(names, users.Names()...)
			}
			if a.json {
				return a.result(map[string]any{"users": names})
			}
			for _, n := range names {
				a.printf("%s\n", n)
			}
			return nil
		},
	}
	return withExits(c, exitDone, exitUsage)
}
