// Package hostsync runs the SDK's own syncer against a running connector and
// treats its every warning as a failure.
package hostsync

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/conductorone/baton-sdk/pkg/types"
)

// Options are the settings of one sync.
type Options struct {
	// Out is the file to write; an existing one is replaced.
	Out string
	// Engine is "sqlite", "pebble", or empty for the SDK's default.
	Engine string
	// Workers is the number of calls in flight.
	Workers int
	// Expand runs the grant expansion after the grants are listed.
	Expand bool
	// PerResource asks for the grants of each resource, as older hosts do.
	PerResource bool
	// ResourceTypes limits the sync when not empty.
	ResourceTypes []string
	// Allowed are texts of warnings that do not count as failures.
	Allowed []string
}

// Run syncs once. It returns how long that took.
func Run(ctx context.Context, client types.ConnectorClient, options Options) (time.Duration, error) {
	if err := os.Remove(options.Out); err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, fmt.Errorf("replace the output: %w", err)
	}
	ctx, recorded := watch(ctx)
	started := time.Now()
	err := run(ctx, client, options)
	took := time.Since(started)
	if lines := recorded.unexpected(options.Allowed); len(lines) > 0 {
		warned := fmt.Errorf("the SDK warned %d times:\n  %s", len(lines), strings.Join(lines, "\n  "))
		err = errors.Join(err, warned)
	}
	return took, err
}

func run(ctx context.Context, client types.ConnectorClient, options Options) (err error) {
	directory, err := os.MkdirTemp(filepath.Dir(options.Out), "sync-tmp-")
	if err != nil {
		return fmt.Errorf("make the syncer's directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()

	if options.PerResource {
		client = perResource{client}
	}
	syncer, err := sync.NewSyncer(ctx, client, options.syncer(directory)...)
	if err != nil {
		return fmt.Errorf("make the syncer: %w", err)
	}
	if err := syncer.Sync(ctx); err != nil {
		// The store is closed all the same, or its files would stay locked.
		return errors.Join(fmt.Errorf("sync: %w", err), syncer.Close(ctx))
	}
	if err := syncer.Close(ctx); err != nil {
		return fmt.Errorf("close the sync: %w", err)
	}
	return nil
}

func (o Options) syncer(directory string) []sync.SyncOpt {
	settings := []sync.SyncOpt{
		sync.WithC1ZPath(o.Out),
		sync.WithTmpDir(directory),
		sync.WithFailFastInvariants(),
		sync.WithWorkerCount(o.Workers),
		sync.WithStorageEngine(c1zstore.Engine(o.Engine)),
	}
	if !o.Expand {
		settings = append(settings, sync.WithDontExpandGrants())
	}
	if len(o.ResourceTypes) > 0 {
		settings = append(settings, sync.WithSyncResourceTypes(o.ResourceTypes))
	}
	return settings
}
