package diskguard

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Do calls fn, which writes, and returns its error, or why one of its writes is
// held. In that case fn goes on, and if it succeeds one day, undo is called. A
// panic of fn is an error.
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

// OpenDatabase opens a database on the guard and arms that. It is to be called within
// Do: a database that was not closed is flushed while it is opened, and on a
// full disk Pebble tries that without end.
func (g *FS) OpenDatabase(dir string, o *pebble.Options) (*pebble.DB, error) {
	o.FS = g
	if o.EventListener == nil {
		o.EventListener = &pebble.EventListener{}
	}
	tell := o.EventListener.BackgroundError
	o.EventListener.BackgroundError = func(err error) {
		g.Arm() // so that the next attempt is held
		if tell != nil {
			tell(err)
		}
	}
	db, err := pebble.Open(dir, o)
	if err == nil {
		g.Arm()
	}
	return db, err
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
