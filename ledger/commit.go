package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"bidwell/ad"
)

const (
	// maxGroup is how many requests one batch holds.
	maxGroup = 4096

	// pipeline is how many groups may be on their way to the disk while the next
	// is built. They are synced and answered in order.
	pipeline = 4
)

var errQueueFull = errors.New("too many requests wait")

// committer builds groups. It is one goroutine, so that what it reads of marks
// and figures is what it wrote.
type committer struct {
	marks   *marks
	figures projections
	value   []byte

	// unsynced is that the last group was not synced, so that events may be neither
	// durable nor on their way to be. Then lingering runs, or has asked for a sync.
	unsynced  bool
	lingering *time.Timer
}

// lingers is for how long events that nobody waits for are kept from the disk at most,
// and so from whoever follows: in such a time most ledgers sync for others anyway.
const lingers = 100 * time.Millisecond

func newCommitter(db *pebble.DB) committer {
	return committer{marks: newMarks(db), figures: projections{store: store{from: db}}}
}

// group is what is written at once.
type group struct {
	batch    *pebble.Batch
	requests []*request
	sync     bool   // also what earlier groups left unsynced
	next     uint64 // sequence number after the last event
	err      error  // why nothing of it was written
}

// commit is the committer: it takes whatever waits, until Close.
func (l *Ledger) commit() {
	defer close(l.groups)
	defer func() {
		if t := l.committer.lingering; t != nil {
			t.Stop()
		}
	}()
	var empty []*request
	for {
		list, ok := l.queue.takeAll(empty[:0])
		if !ok {
			return
		}
		for rest := list; len(rest) > 0; {
			n := min(len(rest), maxGroup)
			l.groups <- l.apply(rest[:n])
			rest = rest[n:]
		}
		clear(list)
		empty = list
	}
}

// apply builds a group and hands it to Pebble, which puts it behind the last.
func (l *Ledger) apply(list []*request) *group {
	g := &group{batch: l.db.NewBatchWithSize(len(list) * 400), requests: make([]*request, 0, len(list)), next: l.next.Load()}
	if err := l.broken.Load(); err != nil {
		g.err = *err
	}
	for _, r := range list {
		if !r.take() {
			continue
		}
		if g.err != nil {
			g.requests = append(g.requests, r)
			continue
		}
		r.err = l.admit(g, r)
		g.sync = g.sync || r.needsSync()
		g.requests = append(g.requests, r)
	}
	if g.err == nil {
		g.err = l.committer.figures.write(g.batch)
	}
	if g.err == nil {
		g.err = l.hand(g)
	}
	if g.err != nil {
		l.broken.CompareAndSwap(nil, &g.err)
		return g
	}
	l.next.Store(g.next)
	l.committer.figures.forget()
	return g
}

// hand hands a group to Pebble, to be synced if somebody waits for it or for what earlier
// groups have left. One of repeated notices only is empty: they are answered after what
// they repeat.
func (l *Ledger) hand(g *group) error {
	c := &l.committer
	if g.batch.Empty() {
		if g.sync = g.sync && c.unsynced; !g.sync {
			return nil
		}
		if err := g.batch.LogData(nil, nil); err != nil { // a record of nothing, behind what is to be synced
			return err
		}
	}
	if g.sync {
		c.unsynced = false
		return l.db.ApplyNoSyncWait(g.batch, pebble.Sync)
	}
	if !c.unsynced {
		c.unsynced = true
		l.linger()
	}
	return l.db.Apply(g.batch, pebble.NoSync)
}

// linger sets the time by which what is unsynced is to be synced.
func (l *Ledger) linger() {
	c := &l.committer
	if c.lingering == nil {
		c.lingering = time.AfterFunc(lingers, l.syncLater)
		return
	}
	c.lingering.Reset(lingers)
}

// syncLater asks for what was written to be synced, if it is not yet. After Close that is
// done by closing.
func (l *Ledger) syncLater() {
	r := newRequest()
	r.async, r.needed, r.sync = true, true, true
	r.write = func(*pebble.Batch) error { return nil }
	if l.queue.add(r) != nil {
		r.free()
	}
}

// admit puts a request into the batch, or says why not.
func (l *Ledger) admit(g *group, r *request) error {
	if r.write != nil {
		return r.write(g.batch)
	}
	c, e := &l.committer, &r.event
	var marks markSet
	of := marksOf{hourOfMarks(e), e.Bid}
	if marked(e) {
		var err error
		if uint64(of.hour) < l.openFrom.Load() {
			r.reason = ad.TokenExpired
			return nil
		}
		if marks, err = c.marks.get(of); err != nil {
			return err
		}
		if marks.has(markOf(e)) {
			r.reason = ad.NoticeReplayed
			return nil
		}
		if marks.has(markCharged) {
			e.Price = 0
		}
	}
	if err := c.figures.apply(e); err != nil {
		return err
	}
	if marked(e) {
		marks = marks.with(markOf(e))
		if e.Price > 0 {
			marks = marks.with(markCharged)
		}
		c.marks.set(of, marks)
		k := markKey(of.hour, of.bid)
		if err := g.batch.Set(k[:], marks.bytes(), nil); err != nil {
			return err
		}
	}
	if clicked(e) {
		if err := g.batch.Set(clickKey(e.Bid), binary.BigEndian.AppendUint64(nil, g.next), nil); err != nil {
			return err
		}
	}
	k := eventKey(g.next)
	g.next++
	c.value = appendEvent(c.value[:0], k[:], e)
	return g.batch.Set(k[:], c.value, nil)
}

// acknowledge waits for groups to be on disk, in their order, and answers.
func (l *Ledger) acknowledge() {
	for g := range l.groups {
		err := g.err
		if g.sync && err == nil {
			err = g.batch.SyncWait()
		}
		if err == nil {
			if g.sync {
				l.durable.Store(g.next)
				l.moved.raise()
				l.highwater.write(g.next)
			}
			g.batch.Close()
		}
		if err != nil {
			err = fmt.Errorf("commit: %w", err)
			l.broken.CompareAndSwap(nil, &err)
		}
		l.stats.groups.Add(1)
		for _, r := range g.requests {
			if err != nil {
				r.err = err
			}
			l.answer(r)
		}
	}
}

// answer tells who waits for a request, or Config.Late if they have left.
func (l *Ledger) answer(r *request) {
	l.stats.request(r)
	if r.async {
		r.free()
		return
	}
	if !r.answer() && r.write == nil && r.err == nil && r.reason == ad.OK {
		l.stats.late.Add(1)
		l.config.Late(&r.event)
	}
}
