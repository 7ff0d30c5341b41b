package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/conductorone/baton-sdk/pkg/connectorclient"
	"github.com/conductorone/baton-sdk/pkg/types"
	"github.com/conductorone/baton-sdk/pkg/utls"
)

// exitAllowance is how long a child may take to end after its stdin is closed:
// ten seconds for calls that still run, and some for a busy machine.
const exitAllowance = 15 * time.Second

// Launch says what to start.
type Launch struct {
	// Binary is the connector's executable.
	Binary string
	// Args are its flags, without the subcommand word.
	Args []string
	// Env is added to this process's environment.
	Env []string
	// Stderr receives the child's log; os.Stderr when nil.
	Stderr io.Writer
}

// Child is a running connector and the connection to it.
type Child struct {
	Meter *Meter

	command  *exec.Cmd
	stdin    io.WriteCloser
	stdout   *output
	listener *listener
	conn     *grpc.ClientConn

	exited  chan struct{}
	exitErr error
	stop    sync.Once
	stopErr error
}

// Start launches the connector and waits until it serves. Cancelling ctx kills
// it, as a host's does.
func Start(ctx context.Context, launch Launch) (*Child, error) {
	clientCredential, serverCredential, err := utls.GenerateClientServerCredentials(ctx)
	if err != nil {
		return nil, fmt.Errorf("make the launch's credentials: %w", err)
	}
	bound, err := listen()
	if err != nil {
		return nil, err
	}
	line, err := configLine(serverCredential, bound.port)
	if err != nil {
		bound.close()
		return nil, err
	}
	child, err := spawn(ctx, launch, bound, line)
	if err != nil {
		bound.close()
		return nil, err
	}
	if err := child.dial(ctx, clientCredential); err != nil {
		return nil, errors.Join(err, child.Stop())
	}
	return child, nil
}

func spawn(ctx context.Context, launch Launch, bound *listener, line string) (*Child, error) {
	// The subcommand word comes last, after every flag of the parent's.
	args := append(append([]string{}, launch.Args...), "_connector-service")
	command := exec.CommandContext(ctx, launch.Binary, args...)
	command.Env = append(append(os.Environ(), launch.Env...), listenerVariable+"=3")
	command.ExtraFiles = []*os.File{bound.file}
	stdout := &output{}
	command.Stdout = stdout
	command.Stderr = launch.Stderr
	if command.Stderr == nil {
		command.Stderr = os.Stderr
	}
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("open the child's stdin: %w", err)
	}
	meter := newMeter(time.Now())
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", launch.Binary, err)
	}
	child := &Child{
		Meter: meter, command: command, stdin: stdin, stdout: stdout, listener: bound,
		exited: make(chan struct{}),
	}
	go func() {
		child.exitErr = command.Wait()
		close(child.exited)
	}()
	if _, err := io.WriteString(stdin, line); err != nil {
		return nil, errors.Join(fmt.Errorf("write the configuration line: %w", err), child.Stop())
	}
	return child, nil
}

// Client is the connection as the SDK's code wants it.
func (c *Child) Client(ctx context.Context) types.ConnectorClient {
	return connectorclient.NewConnectorClient(ctx, c.conn)
}

// Stop ends the child by closing its stdin and judges the ending: exit code 0
// in time, and nothing ever written to stdout. Further calls repeat the answer.
func (c *Child) Stop() error {
	c.stop.Do(func() {
		var errs []error
		if c.conn != nil {
			errs = append(errs, c.conn.Close())
		}
		// A child that is already gone has closed the other end.
		_ = c.stdin.Close()
		errs = append(errs, c.awaitExit(), c.stdout.verdict())
		c.listener.close()
		c.stopErr = errors.Join(errs...)
	})
	return c.stopErr
}

func (c *Child) awaitExit() error {
	select {
	case <-c.exited:
	case <-time.After(exitAllowance):
		_ = c.command.Process.Kill()
		<-c.exited
		return fmt.Errorf("the connector still ran %s after its stdin was closed", exitAllowance)
	}
	if c.exitErr != nil {
		return fmt.Errorf("the connector ended with: %w", c.exitErr)
	}
	return nil
}

// output keeps the beginning of what a child writes to stdout, which in
// service mode must be nothing.
type output struct {
	mutex sync.Mutex
	kept  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if room := 200 - o.kept.Len(); room > 0 {
		o.kept.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (o *output) verdict() error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.kept.Len() == 0 {
		return nil
	}
	return fmt.Errorf("the connector wrote to stdout: %q", o.kept.String())
}
