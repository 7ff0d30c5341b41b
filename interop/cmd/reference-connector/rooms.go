package main

import (
	"context"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/types/entitlement"
	"github.com/conductorone/baton-sdk/pkg/types/grant"
	"github.com/conductorone/baton-sdk/pkg/types/resource"
)

var roomType = v2.ResourceType_builder{
	Id: "room", DisplayName: "Room",
	Annotations: annotations.New(&v2.SkipEntitlements{}),
}.Build()

// rooms are children of teams; what can be granted on them is said once, for
// the type.
type rooms struct{}

func (rooms) ResourceType(context.Context) *v2.ResourceType { return roomType }

func (rooms) List(_ context.Context, parent *v2.ResourceId, _ resource.SyncOpAttrs) ([]*v2.Resource, *resource.SyncOpResults, error) {
	if parent == nil {
		return nil, &resource.SyncOpResults{}, nil
	}
	row, err := resource.NewResource("Room of "+parent.GetResource(), roomType, "room-"+parent.GetResource(),
		resource.WithParentResourceID(parent))
	return []*v2.Resource{row}, &resource.SyncOpResults{}, err
}

func (rooms) StaticEntitlements(context.Context, resource.SyncOpAttrs) ([]*v2.Entitlement, *resource.SyncOpResults, error) {
	var rows []*v2.Entitlement
	for _, slug := range []string{"enter", "book"} {
		rows = append(rows, v2.Entitlement_builder{
			Slug: slug, DisplayName: slug, Purpose: v2.Entitlement_PURPOSE_VALUE_PERMISSION,
			GrantableTo: []*v2.ResourceType{teamType},
		}.Build())
	}
	return rows, &resource.SyncOpResults{}, nil
}

func (rooms) Entitlements(context.Context, *v2.Resource, resource.SyncOpAttrs) ([]*v2.Entitlement, *resource.SyncOpResults, error) {
	return nil, &resource.SyncOpResults{}, nil
}

func (rooms) Grants(_ context.Context, row *v2.Resource, _ resource.SyncOpAttrs) ([]*v2.Grant, *resource.SyncOpResults, error) {
	owner := row.GetParentResourceId()
	return []*v2.Grant{
		grant.NewGrant(row, "enter", owner, grant.WithAnnotation(v2.GrantExpandable_builder{
			EntitlementIds: []string{entitlement.NewEntitlementID(v2.Resource_builder{Id: owner}.Build(), "member")},
		}.Build())),
		grant.NewGrant(row, "book", owner, grant.WithAnnotation(&v2.GrantImmutable{})),
	}, &resource.SyncOpResults{}, nil
}
