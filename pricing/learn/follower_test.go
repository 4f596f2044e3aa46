package learn_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
	"bidwell/internal/disktest"
	"bidwell/ledger"
	"bidwell/pricing/learn"
)

// place is a ledger and what is learned of it, on one disk.
type place struct {
	fs       disktest.Disk
	ledger   *ledger.Ledger
	follower *learn.Follower
	said     []string
}

// start opens everything that is on a disk, as a process does.
func start(t tester, fs disktest.Disk) *place {
	t.Helper()
	p := &place{fs: fs}
	var err error
	p.ledger, err = ledger.Open(ledger.Config{Dir: "ledger", FS: fs, MemTableSize: 64 << 10, CacheBytes: 1 << 20, Lifetime: 1 << 20 * time.Hour})
	must(t, err)
	p.follower = learn.Open(p.ledger, "models", learn.Options{FS: fs, Say: func(s string) { p.said = append(p.said, s) }})
	return p
}

func (p *place) append(t tester, events ...*ad.Event) {
	t.Helper()
	for i, e := range events {
		if i < len(events)-1 && p.ledger.AppendAsync(e) {
			continue
		}
		_, err := p.ledger.Append(e)
		must(t, err)
	}
}

func (p *place) learn(t tester) {
	t.Helper()
	must(t, p.follower.CatchUp(context.Background()))
}

// again returns what the events make when they are learned from without a break.
func (p *place) again(t tester) []byte {
	t.Helper()
	l := learn.NewLearner()
	must(t, p.ledger.Events(context.Background(), 0, func(seq uint64, e *ad.Event) error {
		l.Apply(seq, e)
		return nil
	}))
	return l.AppendState(nil)
}

func (p *place) snapshots(t tester) (out []string) {
	t.Helper()
	names, err := p.fs.List("models")
	must(t, err)
	for _, n := range names {
		if strings.HasPrefix(n, "models-") {
			out = append(out, "models/"+n)
		}
	}
	slices.Sort(out)
	return out
}

// rewrite changes a file.
func rewrite(t tester, fs vfs.FS, name string, change func([]byte) []byte) {
	t.Helper()
	f, err := fs.Open(name)
	must(t, err)
	data, err := io.ReadAll(f)
	must(t, err)
	must(t, f.Close())
	f, err = fs.Create(name, vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = f.Write(change(data))
	must(t, err)
	must(t, f.Sync())
	must(t, f.Close())
}

// TestKilledAnywhere crashes the machine at random moments, damages snapshots, and goes
// on: what is learned in the end is, byte for byte, what the events make.
func TestKilledAnywhere(t *testing.T) {
	damages := []func([]byte) []byte{
		func(b []byte) []byte { return b[:len(b)/2] },
		func(b []byte) []byte { return nil },
		func(b []byte) []byte {
			if len(b) > 9 { // else it was cut before
				b[len(b)-9] ^= 4
			}
			return b
		},
		func(b []byte) []byte { return append(b, 0) },
		func([]byte) []byte { return []byte("bidwell models\nnonsense") },
	}
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 3))
		p := start(t, disktest.New())
		for rest := history(seed, 1500); len(rest) > 0; {
			n := min(1+rng.IntN(500), len(rest))
			p.append(t, rest[:n]...)
			rest = rest[n:]
			if rng.IntN(4) > 0 {
				p.learn(t)
			}
			if rng.IntN(3) == 0 {
				must(t, p.follower.Save())
			}
			if rng.IntN(4) > 0 {
				continue
			}
			crashed := p.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, 50, 100}[rng.IntN(3)], RNG: rng})
			must(t, p.ledger.Close())
			p = start(t, crashed)
			if got := p.snapshots(t); len(got) > 0 && rng.IntN(2) == 0 {
				rewrite(t, p.fs, got[len(got)-1-rng.IntN(len(got))], damages[rng.IntN(len(damages))])
				must(t, p.ledger.Close())
				p = start(t, p.fs)
			}
		}
		p.learn(t)
		if !bytes.Equal(p.follower.State(), p.again(t)) {
			t.Fatalf("seed %d: what was learned is not what the events make", seed)
		}
		must(t, p.follower.Save())
		v, err := learn.Verify(context.Background(), p.ledger, "models", learn.Options{FS: p.fs}, nil)
		must(t, err)
		if !v.Comparable || !v.Equal || v.Position != p.ledger.Durable() {
			t.Fatalf("seed %d: verify finds %+v", seed, v)
		}
		must(t, p.ledger.Close())
	}
}

// TestDamagedSnapshotIsToldOf damages one snapshot, then the other: each is told of, and
// dropped.
func TestDamagedSnapshotIsToldOf(t *testing.T) {
	p := start(t, disktest.New())
	events := history(1, 400)
	for _, part := range [][]*ad.Event{events[:300], events[300:600], events[600:]} {
		p.append(t, part...)
		p.learn(t)
		must(t, p.follower.Save())
	}
	want := p.follower.State()
	names := p.snapshots(t)
	if len(names) != 2 {
		t.Fatalf("snapshots %q are kept, want the two newest", names)
	}
	for i := range names {
		rewrite(t, p.fs, names[len(names)-1-i], func(b []byte) []byte { return b[:len(b)-1] })
		must(t, p.ledger.Close())
		p = start(t, p.fs)
		if len(p.said) != 1 || !strings.Contains(p.said[0], "cannot be used: it is damaged or cut short") {
			t.Errorf("with %d damaged snapshots it says %q", i+1, p.said)
		}
		if got := p.snapshots(t); slices.Contains(got, names[len(names)-1-i]) {
			t.Errorf("the damaged snapshot is kept, of %q", got)
		}
		p.learn(t)
		if !bytes.Equal(p.follower.State(), want) {
			t.Errorf("with %d damaged snapshots something else is learned", i+1)
		}
	}
	must(t, p.ledger.Close())
}

// TestVerifyFindsADifference puts what other events make in the place of a snapshot.
func TestVerifyFindsADifference(t *testing.T) {
	p, other := start(t, disktest.New()), start(t, disktest.New())
	p.append(t, history(1, 300)...)
	other.append(t, history(2, 400)...)
	if other.ledger.Durable() < p.ledger.Durable() {
		t.Fatal("the other history is shorter")
	}
	p.learn(t)
	must(t, p.follower.Save())
	l := learn.NewLearner()
	must(t, other.ledger.Events(context.Background(), 0, func(seq uint64, e *ad.Event) error {
		if seq < p.ledger.Durable() {
			l.Apply(seq, e)
		}
		return nil
	}))
	rewrite(t, p.fs, p.snapshots(t)[0], func([]byte) []byte { return learn.Frame(l.AppendState(nil)) })
	v, err := learn.Verify(context.Background(), p.ledger, "models", learn.Options{FS: p.fs}, nil)
	must(t, err)
	if !v.Comparable || v.Equal {
		t.Errorf("verify finds %+v", v)
	}
	must(t, p.ledger.Close())
	must(t, other.ledger.Close())
}

// TestModelsAheadOfTheLedger puts the snapshots of a longer ledger beside a shorter one.
func TestModelsAheadOfTheLedger(t *testing.T) {
	p, short := start(t, disktest.New()), start(t, disktest.New())
	p.append(t, history(1, 300)...)
	p.learn(t)
	must(t, p.follower.Save())
	short.append(t, history(1, 200)...)
	must(t, short.ledger.Close())
	for _, name := range p.snapshots(t) {
		_, err := vfs.Clone(p.fs, short.fs, name, name)
		must(t, err)
	}
	short = start(t, short.fs)
	if len(short.said) != 1 || !strings.Contains(short.said[0], "ahead of the ledger") {
		t.Errorf("it says %q", short.said)
	}
	short.learn(t)
	if !bytes.Equal(short.follower.State(), short.again(t)) {
		t.Error("what was learned is not what the events make")
	}
	must(t, p.ledger.Close())
	must(t, short.ledger.Close())
}

// TestLookingWritesNothing looks at what was learned, beside models of a ledger that is
// no more: they stay, and nothing else comes.
func TestLookingWritesNothing(t *testing.T) {
	p := start(t, disktest.New())
	p.append(t, history(3, 200)...)
	p.learn(t)
	must(t, p.follower.Save())
	must(t, p.fs.Rename(p.snapshots(t)[0], "models/models-00000000000000999999"))
	before := p.snapshots(t)
	f := learn.Open(p.ledger, "models", learn.Options{FS: p.fs, Looks: true})
	must(t, f.CatchUp(context.Background()))
	must(t, f.Save())
	if got := p.snapshots(t); !slices.Equal(got, before) || f.Published().Position != p.ledger.Durable() {
		t.Errorf("looking left %q of %q and got to %d", got, before, f.Published().Position)
	}
	must(t, p.ledger.Close())
}

// TestAPastThatIsReadAgainIsToldOf opens a follower on a ledger that is ahead of what was
// saved: what it publishes says that it is a part until all has been learned.
func TestAPastThatIsReadAgainIsToldOf(t *testing.T) {
	p := start(t, disktest.New())
	if !p.follower.Published().Whole {
		t.Error("of an empty ledger all has been learned")
	}
	p.append(t, history(3, 200)...)
	again := learn.Open(p.ledger, "elsewhere", learn.Options{FS: p.fs})
	if again.Published().Whole {
		t.Error("nothing has been learned yet, and it is published as all")
	}
	must(t, again.CatchUp(context.Background()))
	if got := again.Published(); !got.Whole || got.Position != p.ledger.Durable() {
		t.Errorf("all has been learned, and it is published as a part, up to %d", got.Position)
	}
	must(t, p.ledger.Close())
}

// TestRunFollows ends a follower that runs: what is durable by then has been learned,
// published and saved.
func TestRunFollows(t *testing.T) {
	p := start(t, disktest.New())
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { p.follower.Run(ctx); close(done) }()
	events := history(3, 200)
	p.append(t, events...)
	stop()
	<-done
	if got, want := p.follower.Published().Position, p.ledger.Durable(); got != want {
		t.Errorf("what was published goes up to event %d, want %d", got, want)
	}
	if p.follower.Model().Responses == nil || p.follower.Published().Outcomes[campaign] == (learn.Outcomes{}) {
		t.Error("nothing was published")
	}
	if len(p.snapshots(t)) != 1 {
		t.Errorf("snapshots %q, want one of the end", p.snapshots(t))
	}
	must(t, p.ledger.Close())
}

// fill puts a file where a directory was, so that nothing can be kept there.
func fill(t tester, fs vfs.FS, dir string) {
	t.Helper()
	must(t, fs.RemoveAll(dir))
	f, err := fs.Create(dir, vfs.WriteCategoryUnspecified)
	must(t, err)
	must(t, f.Close())
}

// TestTroubleStaysUntilSaved keeps snapshots from being written: that shows for as long,
// however much is learned meanwhile, and is tried again soon, but ever more seldom.
func TestTroubleStaysUntilSaved(t *testing.T) {
	p := start(t, disktest.New())
	now := time.Unix(1_800_000_000, 0)
	var said []string
	f := learn.Open(p.ledger, "models", learn.Options{FS: p.fs, Now: func() time.Time { return now }, Say: func(s string) { said = append(said, s) }})
	events := history(1, 100)
	turn := func(after time.Duration) error {
		now = now.Add(after)
		p.append(t, events[0])
		events = events[1:]
		return f.Turn(context.Background())
	}
	must(t, p.fs.RemoveAll("models"))
	must(t, turn(6*time.Minute)) // makes the directory again
	if f.Stats().Trouble != nil || len(p.snapshots(t)) != 1 {
		t.Fatalf("%v, snapshots %q", f.Stats().Trouble, p.snapshots(t))
	}
	fill(t, p.fs, "models")
	if turn(6*time.Minute) == nil || f.Stats().Trouble == nil {
		t.Fatal("a snapshot that cannot be written is no trouble")
	}
	tries := 0
	for range 60 {
		if turn(time.Second) != nil {
			tries++
		}
		if f.Stats().Trouble == nil || f.Stats().Behind != 0 {
			t.Fatalf("%+v though nothing was saved", f.Stats())
		}
	}
	if tries != 5 { // after 1, 2, 4, 8 and 16 seconds; 32 more are after the minute
		t.Errorf("%d more attempts in a minute, want 5", tries)
	}
	must(t, p.fs.Remove("models"))
	must(t, turn(time.Minute))
	if f.Stats().Trouble != nil || len(p.snapshots(t)) != 1 || len(said) != 1 {
		t.Errorf("%v, snapshots %q, said %q", f.Stats().Trouble, p.snapshots(t), said)
	}
	must(t, p.ledger.Close())
}

// TestSavedOnceThereIsRoom lets a follower run that has nothing new to learn and could
// not save: it does when it can.
func TestSavedOnceThereIsRoom(t *testing.T) {
	p := start(t, disktest.New())
	p.append(t, history(1, 50)...)
	fill(t, p.fs, "models")
	f := learn.Open(p.ledger, "models", learn.Options{FS: p.fs, Every: time.Millisecond, Retry: time.Millisecond})
	if f.Stats().Trouble == nil {
		t.Error("a file in the place of the directory is no trouble")
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { f.Run(ctx); close(done) }()
	wait := func(until func() bool) {
		for range 10_000 {
			if until() {
				return
			}
			time.Sleep(time.Millisecond)
		}
		t.Errorf("in vain: %+v", f.Stats())
	}
	wait(func() bool { return f.Stats().Behind == 0 }) // it learns all the same
	if f.Stats().Trouble == nil {
		t.Error("nothing is saved, and that is no trouble")
	}
	v, err := learn.Verify(context.Background(), p.ledger, "models", learn.Options{FS: p.fs}, nil)
	if err != nil || v.Comparable || len(v.Notes) == 0 {
		t.Errorf("verify finds %+v, %v", v, err)
	}
	must(t, p.fs.Remove("models"))
	wait(func() bool { return f.Stats().Trouble == nil })
	stop()
	<-done
	if len(p.snapshots(t)) != 1 {
		t.Errorf("snapshots %q, want one", p.snapshots(t))
	}
	must(t, p.ledger.Close())
}
