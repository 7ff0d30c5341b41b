package main

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
)

// assignment is one entitlement for one principal, whole and as bare ids.
// Hosts send whole rows in one mode and stubs in another.
type assignment struct {
	play        *stage
	entitlement *v2.Entitlement
	principal   *v2.Resource
	key         string
}

func newAssignment(play *stage, seen *view, entitlement, principal string) (*assignment, error) {
	target, known := seen.entitlements[entitlement]
	if !known {
		return nil, errors.New("the sync shows no such entitlement")
	}
	holder, known := seen.resources[principal]
	if !known {
		return nil, errors.New("the sync shows no such principal")
	}
	if resource, known := seen.resources[name(target.GetResource().GetId())]; known {
		target.SetResource(resource)
	}
	return &assignment{play, target, holder, pair(entitlement, holder.GetId())}, nil
}

func (a *assignment) stubs() *assignment {
	return &assignment{
		play: a.play,
		entitlement: v2.Entitlement_builder{
			Id:       a.entitlement.GetId(),
			Slug:     a.entitlement.GetSlug(),
			Resource: v2.Resource_builder{Id: a.entitlement.GetResource().GetId()}.Build(),
		}.Build(),
		principal: v2.Resource_builder{Id: a.principal.GetId()}.Build(),
		key:       a.key,
	}
}

// grantAndRevoke is the sequence that Baton's own CI plays. Repeating a write
// must succeed and say that there was nothing to do.
func grantAndRevoke(ctx context.Context, play *stage, entitlement, principal string) error {
	fmt.Printf("grant sequence: %s → %s\n", entitlement, principal)
	before, err := play.look(ctx)
	if err != nil {
		return err
	}
	whole, err := newAssignment(play, before, entitlement, principal)
	if err != nil {
		return err
	}
	if _, held := before.grants[whole.key]; held {
		return errors.New("the principal already holds it: choose another")
	}
	stubs := whole.stubs()
	for _, part := range []func(context.Context) error{
		func(ctx context.Context) error { return whole.grant(ctx, false) },
		func(ctx context.Context) error { return whole.shown(ctx, true) },
		func(ctx context.Context) error { return stubs.grant(ctx, true) },
		func(ctx context.Context) error { return whole.revoke(ctx, false) },
		func(ctx context.Context) error { return stubs.revoke(ctx, true) },
		func(ctx context.Context) error { return whole.shown(ctx, false) },
		func(ctx context.Context) error { return stubs.grant(ctx, false) },
		func(ctx context.Context) error { return whole.shown(ctx, true) },
		func(ctx context.Context) error { return stubs.revoke(ctx, false) },
		func(ctx context.Context) error { return whole.shown(ctx, false) },
	} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (a *assignment) grant(ctx context.Context, repeated bool) error {
	answer, err := a.play.client.Grant(ctx, v2.GrantManagerServiceGrantRequest_builder{
		Entitlement: a.entitlement,
		Principal:   a.principal,
	}.Build())
	if err != nil {
		return fmt.Errorf("Grant: %w", err)
	}
	if said := contains(answer.GetAnnotations(), &v2.GrantAlreadyExists{}); said != repeated {
		return fmt.Errorf("Grant: GrantAlreadyExists is %t, expected %t", said, repeated)
	}
	for _, made := range answer.GetGrants() {
		if made.GetEntitlement().GetId() == "" || made.GetPrincipal().GetId() == nil {
			return fmt.Errorf("Grant: the answer's grant is incomplete: %v", made)
		}
	}
	step("grant (repeated=%t, grants in the answer: %d)", repeated, len(answer.GetGrants()))
	return nil
}

func (a *assignment) revoke(ctx context.Context, repeated bool) error {
	answer, err := a.play.client.Revoke(ctx, v2.GrantManagerServiceRevokeRequest_builder{
		Grant: v2.Grant_builder{
			Id:          a.entitlement.GetId() + ":" + a.principal.GetId().GetResourceType() + ":" + a.principal.GetId().GetResource(),
			Entitlement: a.entitlement,
			Principal:   a.principal,
		}.Build(),
	}.Build())
	if err != nil {
		return fmt.Errorf("Revoke: %w", err)
	}
	if said := contains(answer.GetAnnotations(), &v2.GrantAlreadyRevoked{}); said != repeated {
		return fmt.Errorf("Revoke: GrantAlreadyRevoked is %t, expected %t", said, repeated)
	}
	step("revoke (repeated=%t)", repeated)
	return nil
}

func (a *assignment) shown(ctx context.Context, expected bool) error {
	seen, err := a.play.look(ctx)
	if err != nil {
		return err
	}
	if _, held := seen.grants[a.key]; held != expected {
		return fmt.Errorf("the sync shows the grant: %t, expected %t", held, expected)
	}
	step("the sync shows the grant: %t", expected)
	return nil
}

func contains(list []*anypb.Any, kind proto.Message) bool {
	carried := annotations.Annotations(list)
	return carried.Contains(kind)
}
