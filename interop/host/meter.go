package host

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/stats"
)

const validateMethod = "/c1.connector.v2.ConnectorService/Validate"

// Meter measures what passes over the connection: calls and the largest reply
// by method, and how long the first Validate took from the start of the child.
type Meter struct {
	started time.Time

	mutex     sync.Mutex
	calls     map[string]int
	largest   map[string]int
	validated time.Duration
}

func newMeter(started time.Time) *Meter {
	return &Meter{started: started, calls: map[string]int{}, largest: map[string]int{}}
}

// FirstValidate is the time from the child's start to its first answered
// Validate; zero when there was none.
func (m *Meter) FirstValidate() time.Duration {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.validated
}

// Largest is the biggest reply so far, in bytes, and the method it answered.
func (m *Meter) Largest() (string, int) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	method, size := "", 0
	for name, bytes := range m.largest {
		if bytes > size {
			method, size = name, bytes
		}
	}
	return method, size
}

// Calls lists "Service/Method=count" for the connector's own services, sorted.
func (m *Meter) Calls() string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	var words []string
	for name, count := range m.calls {
		// The limiter's two calls around each call would only repeat the sum.
		if !strings.Contains(name, "RateLimiterService") {
			words = append(words, fmt.Sprintf("%s=%d", name[strings.LastIndex(name, ".")+1:], count))
		}
	}
	sort.Strings(words)
	return strings.Join(words, " ")
}

type methodKey struct{}

// TagRPC implements stats.Handler.
func (m *Meter) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, methodKey{}, info.FullMethodName)
}

// HandleRPC implements stats.Handler.
func (m *Meter) HandleRPC(ctx context.Context, event stats.RPCStats) {
	method, _ := ctx.Value(methodKey{}).(string)
	m.mutex.Lock()
	defer m.mutex.Unlock()
	switch event := event.(type) {
	case *stats.Begin:
		m.calls[method]++
	case *stats.InPayload:
		m.largest[method] = max(m.largest[method], event.Length)
	case *stats.End:
		if method == validateMethod && event.Error == nil && m.validated == 0 {
			m.validated = event.EndTime.Sub(m.started)
		}
	}
}

// TagConn implements stats.Handler.
func (m *Meter) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements stats.Handler.
func (m *Meter) HandleConn(context.Context, stats.ConnStats) {}
