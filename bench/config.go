//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"bidwell/internal/catalogue"
)

// exchange is the name of the exchange in the generated configuration.
const exchange = "example"

// tmax is the time that requests leave for an answer.
const tmax = 120 // ms

// size is how much the bidder has to choose from. Campaigns have twenty line
// items each.
func (c *cell) size() catalogue.Size {
	size := catalogue.Size{Campaigns: max(c.Lines/20, 1), Lines: c.Lines, Audiences: c.Audiences}
	if c.Bids == clicks {
		size.Goal = "click"
	}
	return size
}

// processPath and dataPath are where a server's directory has its configuration
// and its data: apart, since the bidder watches the former for changes.
func processPath(dir string) string { return filepath.Join(dir, "config", "bidwell.yaml") }
func dataPath(dir string) string    { return filepath.Join(dir, "data") }

// process is what the process file says.
type process struct {
	listen, admin string
	cacheMB       int
	shed          bool // leave load shedding as it is in production
}

// writeConfig writes a configuration directory below dir.
func writeConfig(dir string, p process, size catalogue.Size) error {
	if err := size.Check(); err != nil {
		return err
	}
	files := size.Files()
	files["bidwell.yaml"] = p.text(dir)
	for name, text := range files {
		path := filepath.Join(filepath.Dir(processPath(dir)), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// text turns load shedding off unless it is what is measured, since an unread
// request would flatter the cost of those that are answered, and ends
// reservations early, since most bids get no notice.
func (p *process) text(dir string) string {
	limits := "{shed_above: 10s, slow_client: 60s, drain: 1s}"
	if p.shed {
		limits = "{drain: 1s}"
	}
	return fmt.Sprintf(`listen: %s
admin: %s
data: %s
currency: %s
rates: {USD: 0.92, GBP: 1.17}
urls: {public: "https://bid.example", notices: "http://%s"}
exchanges:
  %s:
    window: %dms
    notice_window: 10s
privacy: {tcf_vendor_id: 1200, read_purposes: [1, 4], write_purposes: [1, 3, 4]}
store: {cache_mb: %d, block_mb: 64}
limits: %s
`, p.listen, p.admin, dataPath(dir), catalogue.Currency, p.listen, exchange, tmax, p.cacheMB, limits)
}

// editCampaign changes a campaign's text without changing what it says, as an
// editor does that saves it: the bidder notices, reads and compiles all of it.
func editCampaign(dir string, i int) error {
	path := filepath.Join(filepath.Dir(processPath(dir)), catalogue.CampaignPath(0))
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	body, _, _ := strings.Cut(string(text), "# edit ")
	return os.WriteFile(path, fmt.Appendf([]byte(body), "# edit %d\n", i), 0o644)
}
