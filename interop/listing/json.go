package listing

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
)

func jsonRow(kind string, message proto.Message) (string, error) {
	value, err := plain(message)
	if err != nil {
		return "", fmt.Errorf("%s %v: %w", kind, message, err)
	}
	text, err := canonical(value)
	return kind + " " + text, err
}

// grantDetail writes what the short form of a grant only counts.
func (f Form) grantDetail(row c1zstore.GrantAnnotation) (string, error) {
	// One engine leaves the expansion among the annotations too.
	f.Drop = append(slices.Clone(f.Drop), "GrantExpandable")
	row.Grant.SetAnnotations(f.kept(row.Grant.GetAnnotations()))
	grant, err := plain(row.Grant)
	if err != nil {
		return "", err
	}
	detail := map[string]any{}
	for _, field := range []string{"annotations", "sources"} {
		if value, present := grant[field]; present {
			detail[field] = value
		}
	}
	if row.Annotation != nil {
		if detail["expansion"], err = plain(row.Annotation); err != nil {
			return "", err
		}
	}
	return canonical(detail)
}

// plain turns a message into maps with the field names of the contract.
func plain(message proto.Message) (map[string]any, error) {
	raw, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(message)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	// Numbers keep their digits.
	decoder.UseNumber()
	var value map[string]any
	return value, decoder.Decode(&value)
}

// canonical writes JSON with sorted keys, without spaces and without escapes
// for HTML. protojson's own spacing differs on purpose from build to build.
func canonical(value any) (string, error) {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return strings.TrimSuffix(text.String(), "\n"), err
}
