package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/types/entitlement"
	"github.com/conductorone/baton-sdk/pkg/types/grant"
	"github.com/conductorone/baton-sdk/pkg/types/resource"
)

var (
	squadType = v2.ResourceType_builder{
		Id: "squad", DisplayName: "Squad",
		Traits: []v2.ResourceType_Trait{v2.ResourceType_TRAIT_GROUP},
	}.Build()
	squadSlugs = []string{"member", "lead"}
)

// squads contain each other as chance has it, without circles. The same seed
// gives the same squads, so two processes tell of the same organisation.
type squads struct {
	rows   []*v2.Resource
	grants map[string][]*v2.Grant
}

func newSquads(seed, users int) (squads, error) {
	made := squads{grants: map[string][]*v2.Grant{}}
	if seed == 0 {
		return made, nil
	}
	chance := rand.New(rand.NewPCG(uint64(seed), 0))
	count := 4 + chance.IntN(12)
	// What is inside comes later in this order, which is not that of the ids.
	order := chance.Perm(count)
	for i := range count {
		id := fmt.Sprintf("s%02d", i)
		row, err := resource.NewGroupResource("Squad "+id, squadType, id, nil)
		if err != nil {
			return made, err
		}
		made.rows = append(made.rows, row)
	}
	for place, i := range order {
		row := made.rows[i]
		var grants []*v2.Grant
		for _, slug := range squadSlugs {
			for range chance.IntN(users/4 + 1) {
				grants = append(grants, chosen(chance, row, slug, users))
			}
			for _, inside := range order[place+1:] {
				if chance.IntN(4) == 0 {
					grants = append(grants, contains(chance, row, slug, made.rows[inside]))
				}
			}
		}
		chance.Shuffle(len(grants), func(a, b int) { grants[a], grants[b] = grants[b], grants[a] })
		made.grants[row.GetId().GetResource()] = grants
	}
	return made, nil
}

// chosen is the grant of a random user; some say themselves that they come from
// somewhere else, or from there too.
func chosen(chance *rand.Rand, row *v2.Resource, slug string, users int) *v2.Grant {
	made := grant.NewGrant(row, slug, userID(fmt.Sprintf("u%05d", chance.IntN(users))))
	own, other := entitlement.NewEntitlementID(row, slug), "squad:elsewhere:member"
	switch chance.IntN(8) {
	case 0:
		made.SetSources(v2.GrantSources_builder{Sources: map[string]*v2.GrantSources_GrantSource{other: {}}}.Build())
	case 1:
		made.SetSources(v2.GrantSources_builder{Sources: map[string]*v2.GrantSources_GrantSource{own: {}, other: {}}}.Build())
	}
	return made
}

// contains gives the entitlement of row to everyone in the squad inside: through
// one of its entitlements, through both, or through one that there is not.
func contains(chance *rand.Rand, row *v2.Resource, slug string, inside *v2.Resource) *v2.Grant {
	through := []string{entitlement.NewEntitlementID(inside, squadSlugs[chance.IntN(2)])}
	switch chance.IntN(6) {
	case 0:
		through = []string{entitlement.NewEntitlementID(inside, "member"), entitlement.NewEntitlementID(inside, "lead")}
	case 1:
		through = append(through, entitlement.NewEntitlementID(inside, "nothing"))
	}
	kinds := [][]string{nil, nil, {"user"}, {"squad"}, {"user", "squad"}}
	return grant.NewGrant(row, slug, inside.GetId(), grant.WithAnnotation(v2.GrantExpandable_builder{
		EntitlementIds:  through,
		Shallow:         chance.IntN(3) == 0,
		ResourceTypeIds: kinds[chance.IntN(len(kinds))],
	}.Build()))
}

func (squads) ResourceType(context.Context) *v2.ResourceType { return squadType }

func (s squads) List(context.Context, *v2.ResourceId, resource.SyncOpAttrs) ([]*v2.Resource, *resource.SyncOpResults, error) {
	return s.rows, &resource.SyncOpResults{}, nil
}

func (squads) Entitlements(_ context.Context, row *v2.Resource, _ resource.SyncOpAttrs) ([]*v2.Entitlement, *resource.SyncOpResults, error) {
	var rows []*v2.Entitlement
	for _, slug := range squadSlugs {
		rows = append(rows, entitlement.NewAssignmentEntitlement(row, slug, entitlement.WithGrantableTo(userType, squadType)))
	}
	return rows, &resource.SyncOpResults{}, nil
}

func (s squads) Grants(_ context.Context, row *v2.Resource, _ resource.SyncOpAttrs) ([]*v2.Grant, *resource.SyncOpResults, error) {
	return s.grants[row.GetId().GetResource()], &resource.SyncOpResults{}, nil
}
