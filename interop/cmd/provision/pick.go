package main

import (
	"context"
	"errors"
	"maps"
	"slices"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
)

// pick finds an entitlement of the type that an enabled person holds directly,
// so that it is known to be assignable, and another such person who does not.
// Both are the first in the order of their ids, so that runs repeat.
func pick(ctx context.Context, play *stage, resourceType string) (string, string, error) {
	seen, err := play.look(ctx)
	if err != nil {
		return "", "", err
	}
	holders := map[string]bool{}
	for _, row := range seen.grants {
		carried := annotations.Annotations(row.Grant.GetAnnotations())
		derived := len(row.Grant.GetSources().GetSources()) > 0
		kind := row.Grant.GetEntitlement().GetResource().GetId().GetResourceType()
		if kind == resourceType && !derived && !carried.Contains(&v2.GrantImmutable{}) && seen.person(row.Grant.GetPrincipal().GetId()) {
			holders[row.TargetEntitlementID] = true
		}
	}
	for _, entitlement := range slices.Sorted(maps.Keys(holders)) {
		for _, principal := range slices.Sorted(maps.Keys(seen.resources)) {
			id := seen.resources[principal].GetId()
			if _, held := seen.grants[pair(entitlement, id)]; !held && seen.person(id) {
				return entitlement, principal, nil
			}
		}
	}
	return "", "", errors.New("the sync shows no entitlement that one person holds directly and another lacks")
}

// person says whether the id is an enabled account of a human.
func (v *view) person(id *v2.ResourceId) bool {
	row, known := v.resources[name(id)]
	if !known {
		return false
	}
	trait := &v2.UserTrait{}
	carried := annotations.Annotations(row.GetAnnotations())
	if found, err := carried.Pick(trait); err != nil || !found {
		return false
	}
	return trait.GetStatus().GetStatus() == v2.UserTrait_Status_STATUS_ENABLED &&
		trait.GetAccountType() != v2.UserTrait_ACCOUNT_TYPE_SERVICE &&
		trait.GetAccountType() != v2.UserTrait_ACCOUNT_TYPE_SYSTEM
}
