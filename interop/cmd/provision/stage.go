package main

import (
	"context"
	"fmt"
	"path/filepath"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/types"

	"github.com/baton-salesforce/interop/hostsync"
	"github.com/baton-salesforce/interop/listing"
)

// stage is the connector under test and the place for the syncs that look at it.
type stage struct {
	client    types.ConnectorClient
	directory string
	allowed   []string
	syncs     int
}

// view is what one sync saw.
type view struct {
	resources    map[string]*v2.Resource
	entitlements map[string]*v2.Entitlement
	grants       map[string]c1zstore.GrantAnnotation
}

// look syncs everything and reads the file back.
func (s *stage) look(ctx context.Context) (*view, error) {
	s.syncs++
	path := filepath.Join(s.directory, fmt.Sprintf("look-%d.c1z", s.syncs))
	// SQLite, because it keeps whole entitlements, which requests need.
	options := hostsync.Options{Out: path, Engine: "sqlite", Workers: 4, Expand: true, Allowed: s.allowed}
	if _, err := hostsync.Run(ctx, s.client, options); err != nil {
		return nil, fmt.Errorf("sync %d: %w", s.syncs, err)
	}
	seen := &view{
		resources:    map[string]*v2.Resource{},
		entitlements: map[string]*v2.Entitlement{},
		grants:       map[string]c1zstore.GrantAnnotation{},
	}
	return seen, listing.With(ctx, path, func(store c1zstore.Store) error { return seen.read(ctx, store) })
}

func (v *view) read(ctx context.Context, store c1zstore.Store) error {
	resources, err := listing.Resources(ctx, store)
	if err != nil {
		return err
	}
	for _, row := range resources {
		v.resources[name(row.GetId())] = row
	}
	entitlements, err := listing.Entitlements(ctx, store)
	if err != nil {
		return err
	}
	for _, row := range entitlements {
		v.entitlements[row.GetId()] = row
	}
	grants, err := listing.Grants(ctx, store)
	if err != nil {
		return err
	}
	for _, row := range grants {
		v.grants[pair(row.TargetEntitlementID, row.Grant.GetPrincipal().GetId())] = row
	}
	return nil
}

// name writes a resource id as TYPE/ID.
func name(id *v2.ResourceId) string {
	return id.GetResourceType() + "/" + id.GetResource()
}

// pair is the key of a grant: who has what. Grant ids are the connector's own
// business.
func pair(entitlement string, principal *v2.ResourceId) string {
	return entitlement + " → " + name(principal)
}

// step prints what was proved.
func step(format string, values ...any) {
	fmt.Printf("ok  "+format+"\n", values...)
}
