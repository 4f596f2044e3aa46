package simulate

import (
	"os"
	"strings"
	"testing"
)

// TestRealLog replays the log that BIDWELL_PRICE_LOG names, with the columns that
// BIDWELL_PRICE_LOG_COLUMNS names, click,price,pctr,hour if none.
func TestRealLog(t *testing.T) {
	file := os.Getenv("BIDWELL_PRICE_LOG")
	if file == "" {
		t.Skip("BIDWELL_PRICE_LOG names no log")
	}
	columns := os.Getenv("BIDWELL_PRICE_LOG_COLUMNS")
	if columns == "" {
		columns = "click,price,pctr,hour"
	}
	for name, o := range hardships {
		t.Run(name, func(t *testing.T) {
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			o.Log, o.Columns, o.Budgets = f, strings.Split(columns, ","), fractions("1/2", "1/8", "1/32", "1/64")
			rep, err := Run(o)
			if err != nil {
				t.Fatal(err)
			}
			wantNearOptimum(t, rep, 0.97, 0.94)
		})
	}
}
