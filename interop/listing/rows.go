package listing

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/anypb"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
)

// Form says how rows are written.
type Form struct {
	// Full appends everything else that a grant holds (its annotations, the
	// source entitlements by name, the expansion) and keeps the whole resource
	// of an entitlement, of which the short form shows the id.
	Full bool
	// Stubs reduces what an entitlement says about other rows to their ids in
	// the full form too: the pebble engine stores no more than those.
	Stubs bool
	// Drop names annotations, such as TypeScopedGrants, that are left out.
	Drop []string
}

// Rows writes one line for each row of the store, sorted bytewise.
func (f Form) Rows(ctx context.Context, store c1zstore.Store) ([]string, error) {
	var lines []string
	for _, list := range []func(context.Context, c1zstore.Store) ([]string, error){
		f.types, f.resources, f.entitlements, f.grants,
	} {
		some, err := list(ctx, store)
		if err != nil {
			return nil, err
		}
		lines = append(lines, some...)
	}
	slices.Sort(lines)
	return lines, nil
}

func (f Form) types(ctx context.Context, store c1zstore.Store) ([]string, error) {
	rows, err := ResourceTypes(ctx, store)
	if err != nil {
		return nil, err
	}
	return each(rows, func(row *v2.ResourceType) (string, error) {
		row.SetAnnotations(f.kept(row.GetAnnotations()))
		return jsonRow("type", row)
	})
}

func (f Form) resources(ctx context.Context, store c1zstore.Store) ([]string, error) {
	rows, err := Resources(ctx, store)
	if err != nil {
		return nil, err
	}
	return each(rows, func(row *v2.Resource) (string, error) {
		row.SetAnnotations(f.kept(row.GetAnnotations()))
		return jsonRow("resource", row)
	})
}

func (f Form) entitlements(ctx context.Context, store c1zstore.Store) ([]string, error) {
	rows, err := Entitlements(ctx, store)
	if err != nil {
		return nil, err
	}
	return each(rows, func(row *v2.Entitlement) (string, error) {
		row.SetAnnotations(f.kept(row.GetAnnotations()))
		for _, grantee := range row.GetGrantableTo() {
			grantee.SetAnnotations(f.kept(grantee.GetAnnotations()))
		}
		if f.Stubs || !f.Full {
			row.SetResource(v2.Resource_builder{Id: row.GetResource().GetId()}.Build())
		}
		if f.Stubs {
			stub(row.GetGrantableTo())
		}
		return jsonRow("entitlement", row)
	})
}

func (f Form) grants(ctx context.Context, store c1zstore.Store) ([]string, error) {
	rows, err := Grants(ctx, store)
	if err != nil {
		return nil, err
	}
	return each(rows, f.grant)
}

func (f Form) grant(row c1zstore.GrantAnnotation) (string, error) {
	grant := row.Grant
	carried := annotations.Annotations(grant.GetAnnotations())
	principal := grant.GetPrincipal().GetId()
	line := fmt.Sprintf("grant %s entitlement=%s principal=%s/%s expandable=%t immutable=%t sources=%d",
		grant.GetId(), grant.GetEntitlement().GetId(),
		principal.GetResourceType(), principal.GetResource(),
		// The short form looks at the stored grant alone, from which the
		// writer has moved this annotation; the full form looks beside it.
		f.Full && row.Annotation != nil || carried.Contains(&v2.GrantExpandable{}),
		carried.Contains(&v2.GrantImmutable{}),
		len(grant.GetSources().GetSources()))
	if !f.Full {
		return line, nil
	}
	detail, err := f.grantDetail(row)
	if err != nil {
		return "", fmt.Errorf("grant %s: %w", grant.GetId(), err)
	}
	return line + " " + detail, nil
}

func (f Form) kept(list []*anypb.Any) []*anypb.Any {
	return slices.DeleteFunc(list, func(annotation *anypb.Any) bool {
		name := annotation.GetTypeUrl()
		return slices.Contains(f.Drop, name[strings.LastIndex(name, ".")+1:])
	})
}

func each[Row any](rows []Row, write func(Row) (string, error)) ([]string, error) {
	lines := make([]string, 0, len(rows))
	for _, row := range rows {
		line, err := write(row)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func stub(types []*v2.ResourceType) {
	for i, row := range types {
		types[i] = v2.ResourceType_builder{Id: row.GetId()}.Build()
	}
}
