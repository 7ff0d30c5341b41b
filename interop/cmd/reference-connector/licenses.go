package main

import (
	"context"
	"fmt"
	"strconv"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/types/entitlement"
	"github.com/conductorone/baton-sdk/pkg/types/grant"
	"github.com/conductorone/baton-sdk/pkg/types/resource"
)

const licenseCount = 4

var licenseType = v2.ResourceType_builder{
	Id: "license", DisplayName: "License",
	Annotations: annotations.New(&v2.TypeScopedEntitlements{}, &v2.TypeScopedGrants{}),
}.Build()

// licenses answer for the whole type at once. Their grants come in as many
// cursors as there are licenses, all named in the first answer.
type licenses struct{ org *org }

func (licenses) ResourceType(context.Context) *v2.ResourceType { return licenseType }

func (licenses) List(context.Context, *v2.ResourceId, resource.SyncOpAttrs) ([]*v2.Resource, *resource.SyncOpResults, error) {
	rows, err := licenseRows()
	return rows, &resource.SyncOpResults{}, err
}

func licenseRows() ([]*v2.Resource, error) {
	var rows []*v2.Resource
	for i := range licenseCount {
		row, err := resource.NewResource(fmt.Sprintf("License %d", i), licenseType, fmt.Sprintf("l%d", i))
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (licenses) EntitlementsForResourceType(context.Context, string, resource.SyncOpAttrs) ([]*v2.Entitlement, *resource.SyncOpResults, error) {
	licensed, err := licenseRows()
	var rows []*v2.Entitlement
	for _, row := range licensed {
		rows = append(rows, entitlement.NewAssignmentEntitlement(row, "assigned", entitlement.WithGrantableTo(userType, teamType)))
	}
	return rows, &resource.SyncOpResults{}, err
}

func (l licenses) GrantsForResourceType(_ context.Context, _ string, attrs resource.SyncOpAttrs) ([]*v2.Grant, *resource.SyncOpResults, error) {
	if attrs.PageToken.Token == "" {
		var cursors []string
		for i := range licenseCount {
			cursors = append(cursors, strconv.Itoa(i))
		}
		spawn := v2.EnqueuePageTokens_builder{PageTokens: cursors}.Build()
		return nil, &resource.SyncOpResults{Annotations: annotations.New(spawn)}, nil
	}
	i, err := strconv.Atoi(attrs.PageToken.Token)
	if err != nil {
		return nil, nil, err
	}
	licensed, err := licenseRows()
	if err != nil {
		return nil, nil, err
	}
	rows := []*v2.Grant{nested{inside: i}.grant(licensed[i], "assigned")}
	for n, person := range l.org.everyone() {
		if n%licenseCount == i {
			rows = append(rows, grant.NewGrant(licensed[i], "assigned", userID(person.id)))
		}
	}
	return rows, &resource.SyncOpResults{}, nil
}

func (licenses) Entitlements(context.Context, *v2.Resource, resource.SyncOpAttrs) ([]*v2.Entitlement, *resource.SyncOpResults, error) {
	return nil, &resource.SyncOpResults{}, nil
}

func (licenses) Grants(context.Context, *v2.Resource, resource.SyncOpAttrs) ([]*v2.Grant, *resource.SyncOpResults, error) {
	return nil, &resource.SyncOpResults{}, nil
}
