// Command list prints the newest finished sync of a .c1z file as the SDK's
// reader sees it: one row a line, sorted, so that two files can be compared
// with diff.
//
//	list [--full] [--stubs] [--drop ANNOTATION]… FILE
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"

	"github.com/baton-salesforce/interop/listing"
)

func main() {
	var form listing.Form
	flag.BoolVar(&form.Full, "full", false, "grants with annotations, sources by name and expansion")
	flag.BoolVar(&form.Stubs, "stubs", false, "entitlements with the bare ids of other rows")
	flag.Func("drop", "leave out annotations of this name (repeatable)", func(name string) error {
		form.Drop = append(form.Drop, name)
		return nil
	})
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := list(context.Background(), form, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "list:", err)
		os.Exit(1)
	}
}

func list(ctx context.Context, form listing.Form, path string) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	var lines []string
	err := listing.With(ctx, path, func(store c1zstore.Store) (err error) {
		lines, err = form.Rows(ctx, store)
		return err
	})
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	for _, line := range lines {
		fmt.Fprintln(out, line)
	}
	return out.Flush()
}
