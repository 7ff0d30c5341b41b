package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/actions"
)

// actionAllowance bounds the polling of one action.
const actionAllowance = 2 * time.Minute

// invokeAction finds the action in the schemas, runs it to its end and asks
// for its status by id.
func invokeAction(ctx context.Context, play *stage, action, text string) error {
	fmt.Println("action sequence:", action)
	args := &structpb.Struct{}
	if err := protojson.Unmarshal([]byte(text), args); err != nil {
		return fmt.Errorf("the arguments: %w", err)
	}
	if err := schemaListed(ctx, play, action); err != nil {
		return err
	}
	if err := unknownRefused(ctx, play); err != nil {
		return err
	}
	answer, err := play.client.InvokeAction(ctx, v2.InvokeActionRequest_builder{Name: action, Args: args}.Build())
	if err != nil {
		return fmt.Errorf("InvokeAction: %w", err)
	}
	if answer.GetId() == "" {
		return fmt.Errorf("InvokeAction: no id in %v", answer)
	}
	step("invoke: id %s, %s", answer.GetId(), answer.GetStatus())
	return completed(ctx, play, answer)
}

func schemaListed(ctx context.Context, play *stage, action string) error {
	answer, err := play.client.ListActionSchemas(ctx, &v2.ListActionSchemasRequest{})
	if err != nil {
		return fmt.Errorf("ListActionSchemas: %w", err)
	}
	for _, listed := range answer.GetSchemas() {
		if listed.GetName() != action {
			continue
		}
		single, err := play.client.GetActionSchema(ctx, v2.GetActionSchemaRequest_builder{Name: action}.Build())
		if err != nil {
			return fmt.Errorf("GetActionSchema: %w", err)
		}
		if !proto.Equal(listed, single.GetSchema()) {
			return errors.New("the listed schema and the single one differ")
		}
		step("the schema is listed, with %d arguments", len(listed.GetArguments()))
		return nil
	}
	return errors.New("no such action among the schemas")
}

func unknownRefused(ctx context.Context, play *stage) error {
	_, err := play.client.InvokeAction(ctx, v2.InvokeActionRequest_builder{Name: "no_such_action"}.Build())
	if status.Code(err) != codes.NotFound {
		return fmt.Errorf("an unknown action: expected NotFound, got %v", err)
	}
	_, err = play.client.GetActionStatus(ctx, v2.GetActionStatusRequest_builder{Id: "0ujsszwN8NRY24YaXiTIE2VWDTS"}.Build())
	if status.Code(err) != codes.NotFound {
		return fmt.Errorf("an unknown action id: expected NotFound, got %v", err)
	}
	step("unknown name and id: not found")
	return nil
}

func completed(ctx context.Context, play *stage, answer *v2.InvokeActionResponse) error {
	deadline := time.Now().Add(actionAllowance)
	for {
		now, err := play.client.GetActionStatus(ctx, v2.GetActionStatusRequest_builder{Id: answer.GetId()}.Build())
		if err != nil {
			return fmt.Errorf("GetActionStatus: %w", err)
		}
		switch {
		case actions.IsInFlight(now.GetStatus()) && time.Now().Before(deadline):
			time.Sleep(time.Second)
		case now.GetStatus() == v2.BatonActionStatus_BATON_ACTION_STATUS_COMPLETE:
			step("status: complete, %v", now.GetResponse())
			return nil
		default:
			return fmt.Errorf("GetActionStatus: %s, %v", now.GetStatus(), now.GetResponse())
		}
	}
}
