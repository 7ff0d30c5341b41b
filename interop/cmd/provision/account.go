package main

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
)

// createAccount creates, looks, and creates again, which must find the first.
func createAccount(ctx context.Context, play *stage, resourceType, profile string) (*v2.ResourceId, error) {
	fmt.Println("account sequence")
	request, err := accountRequest(resourceType, profile)
	if err != nil {
		return nil, err
	}
	before, err := play.look(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := play.client.CreateAccount(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("CreateAccount: %w", err)
	}
	made := answer.GetSuccess().GetResource()
	if made.GetId().GetResource() == "" || !answer.GetSuccess().GetIsCreateAccountResult() {
		return nil, fmt.Errorf("CreateAccount: no success with a resource but %v", answer)
	}
	if _, existed := before.resources[name(made.GetId())]; existed {
		return nil, fmt.Errorf("CreateAccount: %s was there before", name(made.GetId()))
	}
	step("create the account: %s", name(made.GetId()))
	if err := shownAs(ctx, play, made); err != nil {
		return nil, err
	}
	return made.GetId(), createAgain(ctx, play, request, made.GetId())
}

func accountRequest(resourceType, profile string) (*v2.CreateAccountRequest, error) {
	fields := &structpb.Struct{}
	if err := protojson.Unmarshal([]byte(profile), fields); err != nil {
		return nil, fmt.Errorf("the profile: %w", err)
	}
	info := v2.AccountInfo_builder{Profile: fields, Login: fields.GetFields()["login"].GetStringValue()}
	if email := fields.GetFields()["email"].GetStringValue(); email != "" {
		info.Emails = []*v2.AccountInfo_Email{
			v2.AccountInfo_Email_builder{Address: email, IsPrimary: true}.Build(),
		}
	}
	return v2.CreateAccountRequest_builder{
		ResourceTypeId: resourceType,
		AccountInfo:    info.Build(),
		CredentialOptions: v2.CredentialOptions_builder{
			NoPassword: &v2.CredentialOptions_NoPassword{},
		}.Build(),
	}.Build(), nil
}

// shownAs compares the answer's resource with the row that a sync makes of the
// same person: a host stores the one until it sees the other.
func shownAs(ctx context.Context, play *stage, made *v2.Resource) error {
	seen, err := play.look(ctx)
	if err != nil {
		return err
	}
	row, shown := seen.resources[name(made.GetId())]
	if !shown {
		return errors.New("the sync does not show the new account")
	}
	// The syncer notes where a row came from; a connector's answer cannot.
	row, made = proto.CloneOf(row), proto.CloneOf(made)
	row.SetCreationSource(v2.Resource_CREATION_SOURCE_UNSPECIFIED)
	made.SetCreationSource(v2.Resource_CREATION_SOURCE_UNSPECIFIED)
	if !proto.Equal(row, made) {
		return fmt.Errorf("the answer and the sync differ:\n  answer %v\n  sync   %v", made, row)
	}
	step("the sync shows the account as it was answered")
	return nil
}

func createAgain(ctx context.Context, play *stage, request *v2.CreateAccountRequest, id *v2.ResourceId) error {
	answer, err := play.client.CreateAccount(ctx, request)
	if err != nil {
		return fmt.Errorf("CreateAccount again: %w", err)
	}
	found := answer.GetAlreadyExists().GetResource().GetId()
	if !proto.Equal(found, id) {
		return fmt.Errorf("CreateAccount again: expected already_exists with %s, got %v", name(id), answer)
	}
	step("create again: already exists")
	return nil
}

// deleteAccount accepts a deactivated account as deleted: where accounts can
// only be switched off, that is what deleting means.
func deleteAccount(ctx context.Context, play *stage, resourceType, resource string) error {
	id := v2.ResourceId_builder{ResourceType: resourceType, Resource: resource}.Build()
	for range 2 {
		if _, err := play.client.DeleteResource(ctx, v2.DeleteResourceRequest_builder{ResourceId: id}.Build()); err != nil {
			return fmt.Errorf("DeleteResource: %w", err)
		}
		step("delete the account")
	}
	seen, err := play.look(ctx)
	if err != nil {
		return err
	}
	if seen.person(id) {
		return errors.New("the sync still shows the account enabled")
	}
	step("the sync shows the account gone or disabled")
	return nil
}
