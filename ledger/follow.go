package ledger

import (
	"context"
	"fmt"
	"sync"
)

// Durable returns the number after that of the last durable event.
func (l *Ledger) Durable() uint64 { return l.durable.Load() }

// First returns the number of the first event that is kept.
func (l *Ledger) First() (uint64, error) {
	first, err := readNumber(l.db, keyFirst)
	return first, l.reading("the first event's number", err)
}

// Await returns Durable as soon as that is beyond a number, so that whoever
// follows the events need not ask again and again. It fails only when ctx ends.
func (l *Ledger) Await(ctx context.Context, beyond uint64) (uint64, error) {
	for {
		moved := l.moved.wait() // before the number is looked at: no move is missed
		if durable := l.Durable(); durable > beyond {
			return durable, nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return 0, fmt.Errorf("wait for events: %w", context.Cause(ctx))
		}
	}
}

// signal tells any number of waiters that something has changed. Raising it
// costs next to nothing while nobody waits.
type signal struct {
	mu sync.Mutex
	ch chan struct{} // nil while nobody waits
}

// wait returns a channel that the next raise closes.
func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) raise() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}
