// Package listing reads a .c1z file with the SDK's own reader.
package listing

import (
	"context"
	"errors"
	"fmt"

	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
)

// With opens the newest finished sync of a file for the time of one call.
func With(ctx context.Context, path string, use func(c1zstore.Store) error) (err error) {
	// For reading only: otherwise opening adds tables and columns to the file.
	store, err := dotc1z.NewStore(ctx, path, dotc1z.WithReadOnly(true))
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, store.Close(ctx)) }()

	latest, err := store.SyncMeta().LatestFinishedSyncOfAnyType(ctx)
	if err != nil {
		return fmt.Errorf("find the newest sync of %s: %w", path, err)
	}
	if latest == nil {
		return fmt.Errorf("%s holds no finished sync", path)
	}
	if err := store.SetCurrentSync(ctx, latest.ID); err != nil {
		return fmt.Errorf("choose the newest sync of %s: %w", path, err)
	}
	return use(store)
}
