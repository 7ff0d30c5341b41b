// Command sync drives a connector with the SDK's real syncer, as a host would:
//
//	sync --binary CONNECTOR --out FILE [flags] -- CONNECTOR-FLAGS…
//
// It fails on any error, on any warning of the SDK's, on a reply that is too
// large, and on a child that does not end cleanly.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/baton-salesforce/interop/host"
	"github.com/baton-salesforce/interop/hostsync"
)

// replyLimit leaves a quarter of gRPC's 4 MiB for rows larger than ours.
const replyLimit = 3 << 20

type arguments struct {
	binary   string
	maxReply int
	options  hostsync.Options
	child    []string
}

func parse() arguments {
	var a arguments
	flag.StringVar(&a.binary, "binary", "", "the connector's executable (required)")
	flag.IntVar(&a.maxReply, "max-reply", replyLimit, "fail when a reply is larger than this many bytes")
	flag.StringVar(&a.options.Out, "out", "sync.c1z", "the file to write; replaced if it exists")
	flag.StringVar(&a.options.Engine, "engine", "", "sqlite, pebble, or empty for the SDK's default")
	flag.IntVar(&a.options.Workers, "workers", 1, "calls in flight")
	flag.BoolVar(&a.options.Expand, "expand", true, "expand grants")
	flag.BoolVar(&a.options.PerResource, "per-resource", false, "ask for the grants of each resource, as hosts older than TypeScopedGrants do")
	appendTo := func(list *[]string) func(string) error {
		return func(value string) error { *list = append(*list, value); return nil }
	}
	flag.Func("resource-type", "sync only this type (repeatable)", appendTo(&a.options.ResourceTypes))
	flag.Func("allow-warning", "a text in a warning that is not a failure (repeatable)", appendTo(&a.options.Allowed))
	flag.Parse()
	a.child = flag.Args()
	if a.binary == "" {
		flag.Usage()
		os.Exit(2)
	}
	return a
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, parse()); err != nil {
		fmt.Fprintln(os.Stderr, "sync:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, a arguments) error {
	child, err := host.Start(ctx, host.Launch{Binary: a.binary, Args: a.child})
	if err != nil {
		return err
	}
	took, err := hostsync.Run(ctx, child.Client(ctx), a.options)
	err = errors.Join(err, child.Stop())

	method, size := child.Meter.Largest()
	if size > a.maxReply {
		err = errors.Join(err, fmt.Errorf("%s answered with %d bytes, more than %d", method, size, a.maxReply))
	}
	fmt.Printf("sync engine=%q workers=%d seconds=%.2f validate_ms=%d largest_reply=%d\n",
		a.options.Engine, a.options.Workers, took.Seconds(),
		child.Meter.FirstValidate()/time.Millisecond, size)
	fmt.Println("  calls", child.Meter.Calls())
	return err
}
