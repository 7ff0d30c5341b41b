package listing

import (
	"context"
	"fmt"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
)

// page is one call of a listing: a token in, rows and the next token out.
type page[Row any] func(token string) ([]Row, string, error)

// all follows the tokens to the end.
func all[Row any](what string, next page[Row]) ([]Row, error) {
	var rows []Row
	for token := ""; ; {
		some, following, err := next(token)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", what, err)
		}
		rows = append(rows, some...)
		if following == "" {
			return rows, nil
		}
		token = following
	}
}

// ResourceTypes lists the resource types of a store.
func ResourceTypes(ctx context.Context, store c1zstore.Store) ([]*v2.ResourceType, error) {
	return all("resource types", func(token string) ([]*v2.ResourceType, string, error) {
		answer, err := store.ListResourceTypes(ctx,
			v2.ResourceTypesServiceListResourceTypesRequest_builder{PageToken: token}.Build())
		return answer.GetList(), answer.GetNextPageToken(), err
	})
}

// Resources lists the resources of all types.
func Resources(ctx context.Context, store c1zstore.Store) ([]*v2.Resource, error) {
	return all("resources", func(token string) ([]*v2.Resource, string, error) {
		answer, err := store.ListResources(ctx,
			v2.ResourcesServiceListResourcesRequest_builder{PageToken: token}.Build())
		return answer.GetList(), answer.GetNextPageToken(), err
	})
}

// Entitlements lists the entitlements of all resources.
func Entitlements(ctx context.Context, store c1zstore.Store) ([]*v2.Entitlement, error) {
	return all("entitlements", func(token string) ([]*v2.Entitlement, string, error) {
		answer, err := store.ListEntitlements(ctx,
			v2.EntitlementsServiceListEntitlementsRequest_builder{PageToken: token}.Build())
		return answer.GetList(), answer.GetNextPageToken(), err
	})
}

// Grants lists all grants, each with the expansion that is kept beside it.
func Grants(ctx context.Context, store c1zstore.Store) ([]c1zstore.GrantAnnotation, error) {
	return all("grants", func(token string) ([]c1zstore.GrantAnnotation, string, error) {
		return store.Grants().ListWithAnnotationsPage(ctx, token)
	})
}
