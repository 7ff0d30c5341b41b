package hostsync

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/anypb"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/types"
)

// perResource is how a host older than TypeScopedGrants sees a connector: the
// mark is missing, so it asks for the grants of each resource.
type perResource struct{ types.ConnectorClient }

// ListResourceTypes implements v2.ResourceTypesServiceClient.
func (c perResource) ListResourceTypes(
	ctx context.Context,
	request *v2.ResourceTypesServiceListResourceTypesRequest,
	options ...grpc.CallOption,
) (*v2.ResourceTypesServiceListResourceTypesResponse, error) {
	response, err := c.ConnectorClient.ListResourceTypes(ctx, request, options...)
	for _, resourceType := range response.GetList() {
		resourceType.SetAnnotations(slices.DeleteFunc(
			resourceType.GetAnnotations(),
			func(mark *anypb.Any) bool { return mark.MessageIs(&v2.TypeScopedGrants{}) },
		))
	}
	return response, err
}
