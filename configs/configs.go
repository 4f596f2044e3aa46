// Package configs holds the example configuration, embedded, so that `bidwell
// demo` works from the binary alone. The files are what a new installation
// starts from; the tests of other packages may use them as well.
//
// It imports the standard library only. Only commands may import it.
package configs

import (
	"embed"
	"io/fs"
)

//go:embed bidwell.yaml audiences campaigns creatives people requests tables topics wide
var files embed.FS

// Files returns the example configuration: bidwell.yaml with its audiences,
// campaigns, creatives, tables and topics, people to import, requests to explain, and
// the wide catalogue below wide.
func Files() fs.FS { return files }
