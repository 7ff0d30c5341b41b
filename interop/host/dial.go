package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"

	credential "github.com/conductorone/baton-sdk/pb/c1/utls/v1"
	"github.com/conductorone/baton-sdk/pkg/ratelimit"
	"github.com/conductorone/baton-sdk/pkg/utls"
)

// dial connects and waits until the child has answered the TLS handshake.
func (c *Child) dial(ctx context.Context, client *credential.Credential) error {
	config, err := utls.ClientConfig(ctx, client)
	if err != nil {
		return fmt.Errorf("make the client's TLS configuration: %w", err)
	}
	c.conn, err = grpc.NewClient(
		fmt.Sprintf("passthrough:///127.0.0.1:%d", c.listener.port),
		grpc.WithTransportCredentials(credentials.NewTLS(config)),
		// Part of every host's dialer: without it a wrong answer of the
		// rate limiter, which silently drops the real call, stays unseen.
		grpc.WithChainUnaryInterceptor(ratelimit.UnaryInterceptor(time.Now)),
		grpc.WithStatsHandler(c.Meter),
	)
	if err != nil {
		return fmt.Errorf("dial the connector: %w", err)
	}
	return c.awaitReady(ctx)
}

// awaitReady stops waiting when the child ends. The socket is open in this
// process too, so a connection to a dead child would hang, not fail.
func (c *Child) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-c.exited:
			cancel(errors.New("the connector ended before it served"))
		case <-ctx.Done():
		}
	}()
	c.conn.Connect()
	for state := c.conn.GetState(); state != connectivity.Ready; state = c.conn.GetState() {
		if state == connectivity.Idle {
			c.conn.Connect()
		}
		if !c.conn.WaitForStateChange(ctx, state) {
			return context.Cause(ctx)
		}
	}
	return nil
}
