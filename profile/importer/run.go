package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"bidwell/internal/prose"
	"bidwell/profile"
)

// run is one import.
type run struct {
	Options
	profiles *profile.Profiles
	progress Progress
	edits    []profile.Edit
}

// progressKey is the named value in which the progress of an import is kept.
func (o *Options) progressKey() string { return "import/" + o.ID }

// resume finds out how far an earlier run has come.
func (im *run) resume() error {
	if im.ID == "" {
		return nil
	}
	v, err := im.profiles.Meta(im.progressKey())
	if errors.Is(err, profile.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var was Progress
	if err := json.Unmarshal(v, &was); err != nil {
		return fmt.Errorf("progress of import %s: %w", im.ID, err)
	}
	if !was.Done {
		was.Resumed = was.Lines
		im.progress = was
		return nil
	}
	if !im.Again {
		im.progress = was
		return fmt.Errorf("%w, with %s; to add it all a second time use --again", ErrFinished, prose.Count(was.People, "person"))
	}
	return nil
}

// all reads, parses and applies, each in goroutines of their own, and writes in
// the order of the file.
func (im *run) all(ctx context.Context, r io.Reader) error {
	select { // before that every stranger costs a read of the store
	case <-im.profiles.Ready():
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pl := im.start(ctx, r)
	for {
		select {
		case <-ctx.Done():
			return im.stopped(ctx)
		case c, more := <-pl.ordered:
			switch {
			case !more && ctx.Err() != nil: // the reader has stopped too, and not at the end
				return im.stopped(ctx)
			case !more:
				return im.end(pl.err)
			}
			<-c.parsed
			if err := im.apply(c); err != nil {
				return err
			}
		}
	}
}

func (im *run) stopped(ctx context.Context) error {
	return fmt.Errorf("stopped after line %d: %w", im.progress.Lines, context.Cause(ctx))
}

// end is reached with the last chunk, for a reason.
func (im *run) end(err error) error {
	if err != nil {
		return fmt.Errorf("after line %d: %w", im.progress.Lines, err)
	}
	return im.finish()
}

// apply writes a chunk with the progress that it makes, after its links: they can
// be said twice.
func (im *run) apply(c *chunk) error {
	im.edits = im.edits[:0]
	var links []profile.Link
	for i := range c.lines {
		l := &c.lines[i]
		if l.err != nil || l.fact == nil {
			continue
		}
		if l.erased = !im.Erased && im.erased(l.fact); l.erased {
			continue
		}
		im.edits = append(im.edits, profile.Edit{Key: l.fact.id.Key(), Change: l.fact.apply})
		links = append(links, l.fact.links()...)
	}
	if len(links) > 0 {
		if err := im.profiles.Link(im.Now, links...); err != nil {
			return fmt.Errorf("after line %d: %w", im.progress.Lines, err)
		}
	}
	next := im.progress
	err := im.profiles.UpdateAll(im.Now, im.edits, func(b *profile.Batch) {
		next.Lines = c.firstLine + int64(len(c.lines)) - 1
		next.Bytes = c.end
		im.tally(c, &next)
		im.keep(b, next)
	})
	if err != nil {
		return fmt.Errorf("after line %d: %w", im.progress.Lines, err)
	}
	im.progress = next
	im.report(c)
	if im.Progress != nil {
		im.Progress(im.progress)
	}
	if im.progress.Bad > int64(im.MaxErrors) {
		return fmt.Errorf("%w: %d, and %d may be skipped; everything else up to line %d is imported, %s; mend the file or allow more",
			ErrTooManyBad, im.progress.Bad, im.MaxErrors, im.progress.Lines, prose.Count(im.progress.People, "person"))
	}
	return nil
}

// erased reports whether a line is about somebody who was erased.
func (im *run) erased(f *fact) bool {
	return im.profiles.Forgotten(f.id.Key()) != (profile.Mark{}) ||
		slices.ContainsFunc(f.others, func(id profile.ID) bool { return im.profiles.Forgotten(id.Key()) != (profile.Mark{}) })
}

// tally adds up a chunk whose edits have been made.
func (im *run) tally(c *chunk, to *Progress) {
	edit := 0
	for i := range c.lines {
		l := &c.lines[i]
		if l.err == nil && l.fact != nil && !l.erased {
			l.err = im.edits[edit].Err
			edit++
		}
		switch {
		case l.erased:
			to.Erased++
		case l.err != nil:
			to.Bad++
		case l.fact != nil:
			to.People++
		}
	}
}

func (im *run) report(c *chunk) {
	if im.Bad == nil {
		return
	}
	for i := range c.lines {
		if err := c.lines[i].err; err != nil {
			im.Bad(BadLine{Line: c.firstLine + int64(i), Err: err})
		}
	}
}

// keep adds the progress to a write.
func (im *run) keep(b *profile.Batch, p Progress) {
	if im.ID == "" {
		return
	}
	v, err := json.Marshal(p)
	if err != nil { // numbers and a bool
		panic(err)
	}
	b.PutMeta(im.progressKey(), v)
}

// finish marks the import as done, and waits until it is all on disk.
func (im *run) finish() error {
	done := im.progress
	done.Done = true
	err := im.profiles.UpdateAll(im.Now, nil, func(b *profile.Batch) {
		im.keep(b, done)
		b.Sync = true
	})
	if err != nil {
		return err
	}
	im.progress = done
	if im.Progress != nil {
		im.Progress(done)
	}
	return nil
}
