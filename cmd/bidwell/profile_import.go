package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"bidwell/internal/prose"
	"bidwell/profile/importer"
)

type importOptions struct {
	format    string
	id        string
	again     bool
	erased    bool
	maxErrors int
}

func newProfileImport(p *people) *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Load people from NDJSON or CSV",
		Long: `Loads people, one a line, from NDJSON or CSV, also compressed (.gz), or from
standard input (-). What a file says is added to what is known. Bad lines are
reported with their number and skipped, up to --max-errors. An import that was
interrupted goes on where it was when it is started again; one that has finished
is refused, unless --again is given. Lines about people who were erased are
skipped, unless --erased is given.`,
		Example: `  bidwell profile import people.ndjson.gz
  zcat *.gz | bidwell profile import - --format ndjson --import-id monday`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			src, err := openImport(cmd.InOrStdin(), args[0], &o)
			if err != nil {
				return err
			}
			defer src.close()
			if p.bidder != "" {
				return p.sendImport(cmd, src, &o)
			}
			defer func() { err = errors.Join(err, p.close()) }()
			if err := p.open(cmd, openStore); err != nil {
				return err
			}
			return p.runImport(cmd, src, &o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "", "ndjson or csv (default: by the file's name)")
	f.StringVar(&o.id, "import-id", "", "name under which progress is kept (default: by the file's name, size and beginning)")
	f.BoolVar(&o.again, "again", false, "import even if this import has finished before")
	f.BoolVar(&o.erased, "erased", false, "import people who were erased, too, as they have come back")
	f.IntVar(&o.maxErrors, "max-errors", importer.DefaultMaxErrors, "bad lines to skip before giving up")
	return cmd
}

// importSource is the file that is imported.
type importSource struct {
	name   string
	r      io.Reader
	size   int64 // -1 if unknown
	file   *os.File
	format importer.Format
	gzip   bool
	id     string
}

func (s *importSource) close() {
	if s.file != nil {
		s.file.Close()
	}
}

func openImport(stdin io.Reader, name string, o *importOptions) (*importSource, error) {
	s := &importSource{name: name, r: stdin, size: -1, id: o.id}
	var err error
	if name != "-" || o.format == "" {
		s.format, s.gzip, err = importer.FormatOf(name)
	}
	switch {
	case o.format == "ndjson":
		s.format = importer.NDJSON
	case o.format == "csv":
		s.format = importer.CSV
	case o.format != "":
		return nil, fmt.Errorf("%w--format %q: it is ndjson or csv", silentUsage{}, o.format)
	case err != nil:
		return nil, fmt.Errorf("%w%w, or be named with --format", silentUsage{}, err)
	}
	if name == "-" {
		return s, nil
	}
	if s.file, err = os.Open(name); err != nil {
		return nil, fmt.Errorf("import people: %w", err)
	}
	info, err := s.file.Stat()
	if err != nil || info.IsDir() {
		s.close()
		return nil, fmt.Errorf("import people: %s is not a file that can be read", name)
	}
	s.r, s.size = s.file, info.Size()
	if s.id == "" {
		head := make([]byte, min(s.size, 64<<10))
		if _, err := io.ReadFull(io.NewSectionReader(s.file, 0, s.size), head); err != nil {
			s.close()
			return nil, fmt.Errorf("import people: %w", err)
		}
		s.id = importer.IDOf(name, s.size, head)
	}
	return s, nil
}

// runImport imports into the data directory.
func (p *people) runImport(cmd *cobra.Command, src *importSource, o *importOptions) error {
	errOut := cmd.ErrOrStderr()
	bar := newBar(src)
	r := &countingReader{r: src.r, bar: bar}
	started := time.Now()
	resumed := false
	done, err := importer.Run(cmd.Context(), p.profiles, r, importer.Options{
		Name: src.name, Format: src.format, Gzip: src.gzip, ID: src.id, Again: o.again,
		Erased: o.erased, MaxErrors: o.maxErrors, Now: started,
		Bad: func(b importer.BadLine) { fmt.Fprintf(errOut, "%s:%d: %v\n", src.name, b.Line, b.Err) },
		Progress: func(pr importer.Progress) {
			if pr.Resumed > 0 && !resumed {
				resumed = true
				fmt.Fprintf(errOut, "resuming at line %s\n", prose.Number(pr.Resumed+1))
			}
		},
	})
	if bar != nil {
		bar.Exit()
		fmt.Fprintln(errOut)
	}
	if errors.Is(err, importer.ErrFinished) {
		return err
	}
	_, werr := fmt.Fprintln(cmd.OutOrStdout(), importText(done, time.Since(started)))
	if err != nil {
		err = fmt.Errorf("%w (what is reported above is kept; the same command goes on from there)", err)
	}
	return errors.Join(err, werr)
}

func importText(p importer.Progress, took time.Duration) string {
	rate := float64(p.Lines-p.Resumed) / max(took.Seconds(), 1e-3)
	text := fmt.Sprintf("%s imported, %s skipped, %s read in %.1f s (%s per second)",
		prose.Count(p.People, "person"), prose.Count(p.Bad, "line"), prose.Count(p.Lines, "line"), took.Seconds(), prose.Number(int64(rate)))
	if p.Erased > 0 {
		text += fmt.Sprintf("; beside them %s about people who were erased: use --erased to import", prose.Count(p.Erased, "line"))
	}
	return text
}

// newBar makes a progress bar on a terminal, else none.
func newBar(src *importSource) *progressbar.ProgressBar {
	if !isTerminal(os.Stderr) {
		return nil
	}
	return progressbar.NewOptions64(src.size,
		progressbar.OptionSetWriter(os.Stderr), progressbar.OptionShowBytes(true),
		progressbar.OptionSetDescription(src.name), progressbar.OptionThrottle(100*time.Millisecond))
}

// countingReader moves a progress bar.
type countingReader struct {
	r   io.Reader
	bar *progressbar.ProgressBar
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	if c.bar != nil {
		c.bar.Add(n)
	}
	return n, err
}

// sendImport streams the file to a bidder that runs.
func (p *people) sendImport(cmd *cobra.Command, src *importSource, o *importOptions) error {
	q := url.Values{
		"name": {src.name}, "id": {src.id}, "max_errors": {strconv.Itoa(o.maxErrors)},
		"again": {strconv.FormatBool(o.again)}, "erased": {strconv.FormatBool(o.erased)}, "gzip": {strconv.FormatBool(src.gzip)},
		"csv": {strconv.FormatBool(src.format == importer.CSV)},
	}
	bar := newBar(src)
	err := p.call(cmd.Context(), "POST", "/api/import?"+q.Encode(), &countingReader{r: src.r, bar: bar}, cmd.OutOrStdout())
	if bar != nil {
		bar.Exit()
		fmt.Fprintln(cmd.ErrOrStderr())
	}
	return err
}
