package hostsync

import (
	"context"
	"fmt"
	"strings"

	"github.com/grpc-ecosystem/go-grpc-middleware/logging/zap/ctxzap"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// warnings keeps every log entry of the SDK's at warning level and above.
// A sync "succeeds" with rows missing and says so only there.
type warnings struct {
	entries *observer.ObservedLogs
}

// watch puts a recording logger into ctx, where the SDK looks for its logger.
func watch(ctx context.Context) (context.Context, *warnings) {
	core, entries := observer.New(zapcore.WarnLevel)
	return ctxzap.ToContext(ctx, zap.New(core)), &warnings{entries: entries}
}

// unexpected lists the recorded entries whose message contains none of the
// allowed texts.
func (w *warnings) unexpected(allowed []string) []string {
	var lines []string
	for _, entry := range w.entries.All() {
		if containsAny(entry.Message, allowed) {
			continue
		}
		lines = append(lines, fmt.Sprintf("%s: %s %v", entry.Level, entry.Message, entry.ContextMap()))
	}
	return lines
}

func containsAny(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
