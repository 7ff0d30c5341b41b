// Command provision plays the sequences of writes that hosts' CI runs against
// a connector, and after each looks at the result with a real sync:
//
//	provision --binary CONNECTOR [flags] -- CONNECTOR-FLAGS…
//
// One child serves the whole run, as in a long-lived host: an answer from a
// cache that an earlier step filled would be seen. The connector's flags must
// turn provisioning on.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/baton-salesforce/interop/host"
)

type arguments struct {
	binary      string
	directory   string
	allowed     []string
	entitlement string
	principal   string
	pick        []string
	account     string
	accountType string
	remove      bool
	action      string
	actionArgs  string
	child       []string
}

func parse() arguments {
	var a arguments
	each := func(list *[]string) func(string) error {
		return func(value string) error { *list = append(*list, value); return nil }
	}
	flag.StringVar(&a.binary, "binary", "", "the connector's executable (required)")
	flag.StringVar(&a.directory, "directory", "", "where the syncs are written; temporary if empty")
	flag.Func("allow-warning", "a text in a warning that is not a failure (repeatable)", each(&a.allowed))
	flag.StringVar(&a.entitlement, "entitlement", "", "id of the entitlement to grant and revoke")
	flag.StringVar(&a.principal, "principal", "", "TYPE/ID of who gets it")
	flag.Func("pick", "play the grant sequence for an entitlement of this type that someone already holds (repeatable)", each(&a.pick))
	flag.StringVar(&a.account, "account", "", "profile of an account to create, a JSON object")
	flag.StringVar(&a.accountType, "account-type", "user", "resource type of the account")
	flag.BoolVar(&a.remove, "delete-account", false, "delete the created account at the end")
	flag.StringVar(&a.action, "action", "", "name of an action to invoke")
	flag.StringVar(&a.actionArgs, "action-args", "{}", "its arguments, a JSON object; {{account}} is the created account's id")
	flag.Parse()
	a.child = flag.Args()
	if a.binary == "" || (a.entitlement == "") != (a.principal == "") {
		flag.Usage()
		os.Exit(2)
	}
	return a
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, parse()); err != nil {
		fmt.Fprintln(os.Stderr, "provision:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, a arguments) (err error) {
	if a.directory == "" {
		if a.directory, err = os.MkdirTemp("", "provision-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(a.directory)) }()
	}
	child, err := host.Start(ctx, host.Launch{Binary: a.binary, Args: a.child})
	if err != nil {
		return err
	}
	play := &stage{client: child.Client(ctx), directory: a.directory, allowed: a.allowed}
	return errors.Join(sequences(ctx, play, a), child.Stop())
}

func sequences(ctx context.Context, play *stage, a arguments) error {
	if err := grants(ctx, play, a); err != nil {
		return err
	}
	id := ""
	if a.account != "" {
		made, err := createAccount(ctx, play, a.accountType, a.account)
		if err != nil {
			return fmt.Errorf("account: %w", err)
		}
		id = made.GetResource()
	}
	if a.action != "" {
		args := strings.ReplaceAll(a.actionArgs, "{{account}}", id)
		if err := invokeAction(ctx, play, a.action, args); err != nil {
			return fmt.Errorf("action %s: %w", a.action, err)
		}
	}
	if a.remove && id != "" {
		if err := deleteAccount(ctx, play, a.accountType, id); err != nil {
			return fmt.Errorf("delete account: %w", err)
		}
	}
	return nil
}

func grants(ctx context.Context, play *stage, a arguments) error {
	if a.entitlement != "" {
		if err := grantAndRevoke(ctx, play, a.entitlement, a.principal); err != nil {
			return fmt.Errorf("grant %s to %s: %w", a.entitlement, a.principal, err)
		}
	}
	for _, resourceType := range a.pick {
		entitlement, principal, err := pick(ctx, play, resourceType)
		if err != nil {
			return fmt.Errorf("pick a %s: %w", resourceType, err)
		}
		if err := grantAndRevoke(ctx, play, entitlement, principal); err != nil {
			return fmt.Errorf("grant %s to %s: %w", entitlement, principal, err)
		}
	}
	return nil
}
