package main

import (
	"context"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/types/entitlement"
	"github.com/conductorone/baton-sdk/pkg/types/grant"
	"github.com/conductorone/baton-sdk/pkg/types/resource"
)

var teamType = v2.ResourceType_builder{
	Id: "team", DisplayName: "Team",
	Traits: []v2.ResourceType_Trait{v2.ResourceType_TRAIT_GROUP},
}.Build()

// teams are listed and granted one by one. Each has a room as its child.
type teams struct{ org *org }

func (teams) ResourceType(context.Context) *v2.ResourceType { return teamType }

func (teams) List(context.Context, *v2.ResourceId, resource.SyncOpAttrs) ([]*v2.Resource, *resource.SyncOpResults, error) {
	var rows []*v2.Resource
	for i := range teamCount {
		row, err := team(i)
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, row)
	}
	return rows, &resource.SyncOpResults{}, nil
}

func team(i int) (*v2.Resource, error) {
	return resource.NewGroupResource("Team "+teamID(i), teamType, teamID(i), nil,
		resource.WithAnnotation(v2.ChildResourceType_builder{ResourceTypeId: "room"}.Build()))
}

func (teams) Entitlements(_ context.Context, row *v2.Resource, _ resource.SyncOpAttrs) ([]*v2.Entitlement, *resource.SyncOpResults, error) {
	member := entitlement.NewAssignmentEntitlement(row, "member", entitlement.WithGrantableTo(userType, teamType))
	return []*v2.Entitlement{member}, &resource.SyncOpResults{}, nil
}

func (t teams) Grants(_ context.Context, row *v2.Resource, _ resource.SyncOpAttrs) ([]*v2.Grant, *resource.SyncOpResults, error) {
	var rows []*v2.Grant
	for _, id := range t.org.membersOf(row.GetId().GetResource()) {
		rows = append(rows, grant.NewGrant(row, "member", userID(id)))
	}
	for i, inside := range t.org.nested {
		if teamID(i) == row.GetId().GetResource() {
			for _, one := range inside {
				rows = append(rows, one.grant(row, "member"))
			}
		}
	}
	return rows, &resource.SyncOpResults{}, nil
}

// grant gives the entitlement of row to everyone in the team inside.
func (n nested) grant(row *v2.Resource, slug string) *v2.Grant {
	id := v2.ResourceId_builder{ResourceType: "team", Resource: teamID(n.inside)}.Build()
	return grant.NewGrant(row, slug, id, grant.WithAnnotation(v2.GrantExpandable_builder{
		EntitlementIds:  []string{"team:" + teamID(n.inside) + ":member"},
		Shallow:         n.shallow,
		ResourceTypeIds: n.types,
	}.Build()))
}

func (t teams) Grant(_ context.Context, principal *v2.Resource, to *v2.Entitlement) ([]*v2.Grant, annotations.Annotations, error) {
	if !t.org.join(to.GetResource().GetId().GetResource(), principal.GetId().GetResource()) {
		return nil, annotations.New(&v2.GrantAlreadyExists{}), nil
	}
	return []*v2.Grant{grant.NewGrant(to.GetResource(), "member", principal.GetId())}, nil, nil
}

func (t teams) Revoke(_ context.Context, row *v2.Grant) (annotations.Annotations, error) {
	if !t.org.leave(row.GetEntitlement().GetResource().GetId().GetResource(), row.GetPrincipal().GetId().GetResource()) {
		return annotations.New(&v2.GrantAlreadyRevoked{}), nil
	}
	return nil, nil
}
