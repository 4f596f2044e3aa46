package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// callAdmin asks the admin port of a bidder that runs and copies its answer to
// w. An answer other than 200 is an error with the bidder's words.
func callAdmin(ctx context.Context, base, key, method, path string, body io.Reader, w io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(base, "/")+path, body)
	if err != nil {
		return fmt.Errorf("%w--bidder %q: write a URL such as http://127.0.0.1:8081", silentUsage{}, base)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask the bidder: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		return fmt.Errorf("the bidder says: %s", strings.TrimSpace(string(text)))
	}
	if _, err := io.Copy(w, resp.Body); err != nil {
		return fmt.Errorf("read the bidder's answer: %w", err)
	}
	return nil
}
