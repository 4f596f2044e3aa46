package diskguard

import (
	"errors"
	"fmt"
)

// Do calls fn, which opens a database, and returns its error, or why one of its
// writes is held. In that case fn goes on, and if it succeeds one day, undo is
// called to close the database. A panic of fn is an error.
func (g *FS) Do(fn func() error, undo func()) error {
	done := make(chan error, 1)
	go func() { done <- caught(fn) }()
	raised, _ := g.Trouble()
	select {
	case err := <-done:
		return err
	case <-raised:
	}
	_, err := g.Trouble()
	go func() {
		if <-done == nil {
			undo()
		}
	}()
	if err == nil {
		err = errors.New("the disk could not be written for a moment: try again")
	}
	return err
}

// caught calls fn and returns a panic as an error.
func caught(fn func() error) (err error) {
	defer func() {
		thrown := recover()
		if e, ok := thrown.(error); ok {
			err = e
		} else if thrown != nil {
			err = fmt.Errorf("%v", thrown)
		}
	}()
	return fn()
}
