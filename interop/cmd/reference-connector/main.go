// Command reference-connector is a small connector made with the SDK, about an
// organisation that exists only in its memory. It exists to test what drives
// connectors: the tools of this module, and our own runner, which must write
// the same rows as the SDK's host (which this binary also is) from
//
//   - pages of resources, and children that are listed under their parents;
//   - static entitlements, and rows listed for a whole type at once, with
//     sibling cursors;
//   - nested membership: deep, shallow, filtered by type, on demand cyclic, and
//     on demand at random.
package main

import (
	"context"

	"github.com/spf13/viper"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/actions"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/cli"
	"github.com/conductorone/baton-sdk/pkg/config"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/conductorone/baton-sdk/pkg/field"
)

var (
	usersField  = field.IntField("users", field.WithDefaultValue(60), field.WithDescription("How many users there are"))
	cycleField  = field.BoolField("cycle", field.WithDescription("Whether teams contain each other in a circle"))
	squadsField = field.IntField("squads", field.WithDescription("The seed of squads that contain each other at random; 0 is none"))
)

type connector struct {
	org    *org
	squads squads
}

func main() {
	schema := field.NewConfiguration([]field.SchemaField{usersField, cycleField, squadsField})
	start := func(_ context.Context, v *viper.Viper, _ *cli.ConnectorOpts) (connectorbuilder.ConnectorBuilderV2, []connectorbuilder.Opt, error) {
		squads, err := newSquads(v.GetInt("squads"), v.GetInt("users"))
		return &connector{newOrg(v.GetInt("users"), v.GetBool("cycle")), squads}, nil, err
	}
	config.RunConnector(context.Background(), "reference-connector", "interop", schema, start)
}

func (c *connector) Metadata(context.Context) (*v2.ConnectorMetadata, error) {
	return v2.ConnectorMetadata_builder{DisplayName: "Reference"}.Build(), nil
}

func (c *connector) Validate(context.Context) (annotations.Annotations, error) { return nil, nil }

func (c *connector) ResourceSyncers(context.Context) []connectorbuilder.ResourceSyncerV2 {
	return []connectorbuilder.ResourceSyncerV2{users{c.org}, teams{c.org}, rooms{}, licenses{c.org}, c.squads}
}

func (c *connector) GlobalActions(ctx context.Context, registry actions.ActionRegistry) error {
	return registry.Register(ctx, setStatusSchema(), c.org.setStatus)
}
