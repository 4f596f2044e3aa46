package campaign

import (
	"bidwell/internal/conf"
	"bidwell/topic"
)

// Schemas returns the JSON Schemas of the files of a configuration, by name.
// They are made from the structs that the files are decoded into.
func Schemas() (map[string][]byte, error) {
	schemas := map[string][]byte{}
	for _, f := range []struct {
		name, title string
		v           any
	}{
		{"bidwell", "Bidwell process and exchanges", ProcessFile{}},
		{"campaign", "Bidwell campaign", CampaignFile{}},
		{"audience", "Bidwell audience", AudienceFile{}},
		{"topic", "Bidwell topics", topic.File{}},
	} {
		text, err := conf.Schema(f.v, f.name+".schema.json", f.title)
		if err != nil {
			return nil, err
		}
		schemas[f.name] = text
	}
	return schemas, nil
}
