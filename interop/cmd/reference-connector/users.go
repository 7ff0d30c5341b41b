package main

import (
	"context"
	"errors"
	"strconv"

	"google.golang.org/protobuf/types/known/structpb"

	config "github.com/conductorone/baton-sdk/pb/c1/config/v1"
	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/conductorone/baton-sdk/pkg/types/resource"
)

const userPage = 25

var userType = v2.ResourceType_builder{
	Id: "user", DisplayName: "User",
	Traits:      []v2.ResourceType_Trait{v2.ResourceType_TRAIT_USER},
	Annotations: annotations.New(&v2.SkipEntitlementsAndGrants{}),
}.Build()

type users struct{ org *org }

func (users) ResourceType(context.Context) *v2.ResourceType { return userType }

func (u users) List(_ context.Context, _ *v2.ResourceId, attrs resource.SyncOpAttrs) ([]*v2.Resource, *resource.SyncOpResults, error) {
	everyone := u.org.everyone()
	start, _ := strconv.Atoi(attrs.PageToken.Token)
	end := min(start+userPage, len(everyone))
	var rows []*v2.Resource
	for _, person := range everyone[start:end] {
		row, err := person.row()
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, row)
	}
	results := &resource.SyncOpResults{}
	if end < len(everyone) {
		results.NextPageToken = strconv.Itoa(end)
	}
	return rows, results, nil
}

func (users) Entitlements(context.Context, *v2.Resource, resource.SyncOpAttrs) ([]*v2.Entitlement, *resource.SyncOpResults, error) {
	return nil, &resource.SyncOpResults{}, nil
}

func (users) Grants(context.Context, *v2.Resource, resource.SyncOpAttrs) ([]*v2.Grant, *resource.SyncOpResults, error) {
	return nil, &resource.SyncOpResults{}, nil
}

func (p user) row() (*v2.Resource, error) {
	status := v2.UserTrait_Status_STATUS_ENABLED
	if !p.enabled {
		status = v2.UserTrait_Status_STATUS_DISABLED
	}
	return resource.NewUserResource("Üser <"+p.id+">", userType, p.id, []resource.UserTraitOption{
		resource.WithStatus(status),
		resource.WithUserLogin(p.login),
		resource.WithEmail(p.login, true),
		resource.WithUserProfile(map[string]any{"login": p.login, "number": 7}),
	})
}

func (u users) CreateAccount(_ context.Context, info *v2.AccountInfo, _ *v2.LocalCredentialOptions) (connectorbuilder.CreateAccountResponse, []*v2.PlaintextData, annotations.Annotations, error) {
	login := info.GetProfile().GetFields()["login"].GetStringValue()
	u.org.mutex.Lock()
	defer u.org.mutex.Unlock()
	for _, person := range u.org.users {
		if person.login == login {
			row, err := person.row()
			return v2.CreateAccountResponse_AlreadyExistsResult_builder{Resource: row}.Build(), nil, nil, err
		}
	}
	made := user{id: "new-" + login, login: login, enabled: true}
	u.org.users = append(u.org.users, made)
	row, err := made.row()
	return v2.CreateAccountResponse_SuccessResult_builder{Resource: row, IsCreateAccountResult: true}.Build(), nil, nil, err
}

func (users) CreateAccountCapabilityDetails(context.Context) (*v2.CredentialDetailsAccountProvisioning, annotations.Annotations, error) {
	option := v2.CapabilityDetailCredentialOption_CAPABILITY_DETAIL_CREDENTIAL_OPTION_NO_PASSWORD
	return v2.CredentialDetailsAccountProvisioning_builder{
		SupportedCredentialOptions: []v2.CapabilityDetailCredentialOption{option},
		PreferredCredentialOption:  option,
	}.Build(), nil, nil
}

func (u users) Delete(_ context.Context, id *v2.ResourceId, _ *v2.ResourceId) (annotations.Annotations, error) {
	return nil, u.org.enable(id.GetResource(), false)
}

func (o *org) enable(id string, enabled bool) error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	for i := range o.users {
		if o.users[i].id == id {
			o.users[i].enabled = enabled
			return nil
		}
	}
	return errors.New("no such user: " + id)
}

func (o *org) setStatus(_ context.Context, args *structpb.Struct) (*structpb.Struct, annotations.Annotations, error) {
	err := o.enable(args.GetFields()["resource_id"].GetStringValue(), args.GetFields()["is_active"].GetBoolValue())
	answer, _ := structpb.NewStruct(map[string]any{"success": err == nil})
	return answer, nil, err
}

func setStatusSchema() *v2.BatonActionSchema {
	return v2.BatonActionSchema_builder{
		Name: "set_status",
		Arguments: []*config.Field{
			config.Field_builder{Name: "resource_id", StringField: &config.StringField{}}.Build(),
			config.Field_builder{Name: "is_active", BoolField: &config.BoolField{}}.Build(),
		},
	}.Build()
}
