package profile

import (
	"encoding/binary"
	"slices"
	"sync/atomic"
	"time"

	"bidwell/ad"
)

// job is one read of the store on behalf of a Load. Whoever moves it on from
// waiting decides its fate: the reader, by finishing, gives it back to the
// caller; the caller, by giving up at the deadline, leaves it to the reader.
type job struct {
	key     ad.PersonID
	state   atomic.Uint32
	done    chan struct{} // of length 1: the reader never waits
	timer   *time.Timer
	buf     []byte // the record, after a StoreHit
	outcome Outcome
}

// The states of a job.
const (
	waiting uint32 = iota
	finished
	abandoned
)

func newJob() *job {
	j := &job{done: make(chan struct{}, 1), timer: time.NewTimer(time.Hour)}
	j.timer.Stop()
	return j
}

// ask has a reader read the store and waits for it as long as it may.
func (p *Profiles) ask(key ad.PersonID, wait time.Duration, s *Scratch) (Record, Outcome) {
	j := p.jobs.Get().(*job)
	j.key = key
	j.state.Store(waiting)
	select {
	case p.queue <- j:
	default:
		p.jobs.Put(j)
		return nil, TimedOut
	}
	j.timer.Reset(wait)
	select {
	case <-j.done:
	case <-j.timer.C:
		if j.state.CompareAndSwap(waiting, abandoned) {
			return nil, TimedOut
		}
		<-j.done
	}
	j.timer.Stop()
	outcome := j.outcome
	s.buf, j.buf = j.buf, s.buf
	p.jobs.Put(j)
	if outcome != StoreHit {
		return nil, outcome
	}
	return Record(s.buf), StoreHit
}

// read serves jobs until Close.
func (p *Profiles) read() {
	for {
		select {
		case <-p.quit:
			return
		case j := <-p.queue:
			p.serve(j)
		}
	}
}

func (p *Profiles) serve(j *job) {
	if j.state.Load() == abandoned { // while it was queued: spend nothing on it
		p.jobs.Put(j)
		return
	}
	j.buf, j.outcome = p.fetch(j.key, j.buf[:0])
	if !j.state.CompareAndSwap(waiting, finished) {
		p.jobs.Put(j)
		return
	}
	j.done <- struct{}{}
}

// fetch appends a person's record, as the store has it, to dst, and caches it.
// That there is none is cached too.
func (p *Profiles) fetch(key ad.PersonID, dst []byte) ([]byte, Outcome) {
	generation := p.generation(key).Load() // before the store is read
	value, err := p.store.Get(key, dst)
	if err != nil && !isNotFound(err) {
		return dst, Failed
	}
	r, err := served(value)
	if _, linked := personOf(r); err != nil || !linked && Record(r).Valid() != nil {
		return dst, Failed
	}
	if p.seen.admit(key, p.cache) {
		p.remember(key, appendBlob(make([]byte, 0, blobHeader+len(r)), key, generation, r))
	}
	return append(value[:0], r...), found(r, StoreHit)
}

// doorkeeper keeps people from costing an allocation and a place in the cache's
// queue, which costs more than reading them again. While the cache has room
// everybody is admitted; once it is full, of those who come for the second time
// within a period one in admitOneIn: whoever comes often is soon in.
type doorkeeper struct {
	seen   [1 << 16]atomic.Uint64 // a bit for each of 4 M hashes: 512 KiB
	admits atomic.Uint64
	full   atomic.Bool
}

// room is what a cache tells of itself.
type room interface {
	MaxCost() int64
	RemainingCost() int64
}

const (
	doorkeeperLook   = 1 << 10 // calls from one look at the room left to the next
	doorkeeperPeriod = 1 << 19 // calls after which everybody is forgotten
	admitOneIn       = 8
)

func (d *doorkeeper) admit(key ad.PersonID, c room) bool {
	n := d.admits.Add(1)
	if n%doorkeeperLook == 0 {
		d.full.Store(c.RemainingCost() < c.MaxCost()/64)
	}
	if n%doorkeeperPeriod == 0 {
		for i := range d.seen {
			d.seen[i].Store(0)
		}
	}
	h := binary.LittleEndian.Uint32(key[4:])
	bit := uint64(1) << (h & 63)
	again := d.seen[h>>6%uint32(len(d.seen))].Or(bit)&bit != 0
	return !d.full.Load() || again && n%admitOneIn == 0
}

// lockedStripes are the writers' locks for a set of people, taken in ascending
// order so that no two writers wait for each other.
type lockedStripes []int

// lock takes the locks of people.
func (p *Profiles) lock(dst lockedStripes, keys ...ad.PersonID) lockedStripes {
	for _, k := range keys {
		dst = append(dst, slotOf(k)%numStripes)
	}
	slices.Sort(dst)
	dst = slices.Compact(dst)
	for _, i := range dst {
		p.stripes[i].Lock()
	}
	return dst
}

func (p *Profiles) unlock(ls lockedStripes) {
	for _, i := range ls {
		p.stripes[i].Unlock()
	}
}
