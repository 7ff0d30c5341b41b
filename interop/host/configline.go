package host

import (
	"encoding/base64"
	"fmt"

	"google.golang.org/protobuf/proto"

	wrapper "github.com/conductorone/baton-sdk/pb/c1/connector_wrapper/v1"
	utls "github.com/conductorone/baton-sdk/pb/c1/utls/v1"
)

// configLine is the one line that a child reads from stdin.
func configLine(server *utls.Credential, port uint32) (string, error) {
	config := wrapper.ServerConfig_builder{
		Credential: server,
		ListenPort: port,
	}.Build()
	raw, err := proto.Marshal(config)
	if err != nil {
		return "", fmt.Errorf("encode the server configuration: %w", err)
	}
	return base64.StdEncoding.EncodeToString(raw) + "\n", nil
}
