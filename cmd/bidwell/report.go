package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bidwell/ledger"
	"bidwell/report"
)

// reportOptions are what a report is asked by: flags, or the query of a URL.
type reportOptions struct {
	by, campaigns       []string
	per, from, to, zone string
}

// reportFormats are how a report can be written.
var reportFormats = map[string]func(*report.Report, io.Writer) error{
	"text": (*report.Report).WriteText,
	"json": (*report.Report).WriteJSON,
	"csv":  (*report.Report).WriteCSV,
}

func newReport() *cobra.Command {
	var o reportOptions
	var of ledgerOptions
	var bidder, key string
	var asJSON, asCSV bool
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Say what was bid on, won, shown, clicked and spent",
		Long: `Adds up the hourly figures of the ledger in the data directory, or, with --bidder,
of a bidder that runs. They are kept for good, also when single events are dropped.`,
		Example: `  bidwell report
  bidwell report --by line-item,exchange --per day --from 2026-11-01 --zone Europe/Berlin
  bidwell report --campaign roadster --by creative --per hour --csv > roadster.csv
  bidwell report --by deal --json --bidder http://127.0.0.1:8081`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q, err := o.query()
			if err != nil {
				return fmt.Errorf("%w%w", silentUsage{}, err)
			}
			format := "text"
			switch {
			case asJSON && asCSV:
				return fmt.Errorf("%w--json and --csv are two formats: choose one", silentUsage{})
			case asJSON:
				format = "json"
			case asCSV:
				format = "csv"
			}
			if bidder != "" {
				return callAdmin(cmd.Context(), bidder, key, http.MethodGet, "/api/report?"+o.values(format).Encode(), nil, cmd.OutOrStdout())
			}
			err = of.with(cmd, func(l *ledger.Ledger) error { return writeReport(cmd.Context(), l, q, format, cmd.OutOrStdout()) })
			if errors.Is(err, ledger.ErrLocked) {
				return fmt.Errorf("%w; if that is a bidder, name its admin port with --bidder http://127.0.0.1:8081", err)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.by, "by", []string{"campaign"}, "what to divide by: "+strings.Join(report.DimensionNames(), ", ")+`; "" for the sum of all`)
	f.StringVar(&o.per, "per", "total", "a row for each: "+strings.Join(report.PeriodNames(), ", "))
	f.StringVar(&o.from, "from", "", "first hour, such as 2026-11-01 or 2026-11-01T08:00:00Z (default: the beginning)")
	f.StringVar(&o.to, "to", "", "hour after the last (default: the end)")
	f.StringVar(&o.zone, "zone", "UTC", "time zone of days and hours, such as Europe/Berlin")
	f.StringSliceVar(&o.campaigns, "campaign", nil, "only these campaigns (default: all)")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	f.BoolVar(&asCSV, "csv", false, "print CSV")
	f.StringVar(&of.config, "config", defaultConfig, "path of bidwell.yaml, for the data directory's name")
	f.StringVar(&of.data, "data", "", "data directory (default: the file's, else ./data)")
	f.StringVar(&bidder, "bidder", "", "admin port of a bidder that runs, such as http://127.0.0.1:8081")
	f.StringVar(&key, "admin-key", os.Getenv("BIDWELL_ADMIN_KEY"), "key for it (default: BIDWELL_ADMIN_KEY)")
	return cmd
}

// query reads the options.
func (o *reportOptions) query() (q report.Query, err error) {
	if q.Zone, err = time.LoadLocation(firstSet(o.zone, "UTC")); err != nil {
		return q, fmt.Errorf("%w: the zone %q: write a name such as Europe/Berlin", report.ErrQuery, o.zone)
	}
	if q.By, err = report.ParseDimensions(o.by); err != nil {
		return q, err
	}
	if q.Per, err = report.ParsePeriod(firstSet(o.per, "total")); err != nil {
		return q, err
	}
	if q.From, err = report.ParseMoment(o.from, q.Zone); err != nil {
		return q, err
	}
	q.To, err = report.ParseMoment(o.to, q.Zone)
	q.Campaigns = o.campaigns
	return q, err
}

// values are the options in the query of a URL.
func (o *reportOptions) values(format string) url.Values {
	return url.Values{
		"by": o.by, "campaign": o.campaigns, "per": {o.per}, "from": {o.from}, "to": {o.to}, "zone": {o.zone}, "format": {format},
	}
}

// writeReport makes a report and writes it.
func writeReport(ctx context.Context, l *ledger.Ledger, q report.Query, format string, w io.Writer) error {
	r, err := report.Make(ctx, l, q)
	if err != nil {
		return err
	}
	currency, err := l.State(currencyState)
	if err != nil {
		return err
	}
	r.Currency = string(currency)
	return reportFormats[format](r, w)
}

// apiReport answers GET /api/report?by=NAME&per=PERIOD&from=TIME&to=TIME&zone=ZONE&campaign=NAME&format=text|json|csv.
func (m *Main) apiReport(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	o := reportOptions{by: v["by"], campaigns: v["campaign"], per: v.Get("per"), from: v.Get("from"), to: v.Get("to"), zone: v.Get("zone")}
	q, err := o.query()
	format := firstSet(v.Get("format"), "json")
	if err == nil && reportFormats[format] == nil {
		err = fmt.Errorf("%w: the format is text, json or csv", report.ErrQuery)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var b strings.Builder // whole, or an error
	err = writeReport(r.Context(), m.ledger, q, format, &b)
	switch {
	case errors.Is(err, report.ErrQuery):
		http.Error(w, err.Error(), http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Type", reportTypes[format])
		io.WriteString(w, b.String()) // the client's connection is all that can fail
	}
}

var reportTypes = map[string]string{"text": "text/plain; charset=utf-8", "json": "application/json", "csv": "text/csv; charset=utf-8"}
