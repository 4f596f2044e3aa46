package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"bidwell/ad"
	"bidwell/profile"
	"bidwell/profile/importer"
)

// The admin port's API does what the commands do, on the bidder that runs.

// longestExplain bounds how long an explanation may wait for a profile.
const longestExplain = 10 * time.Second

// apiExplain answers POST /api/explain?exchange=NAME&user=ID with a bid request
// as body.
func (m *Main) apiExplain(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longestRequest))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	s := m.engine.Snapshot()
	ex, err := m.exchangeNamed(s, r.URL.Query().Get("exchange"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	person, err := namedPerson(r.URL.Query().Get("user"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	now := time.Now()
	x, err := m.engine.Explain(s, ex, body, person, now, now.Add(longestExplain))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.URL.Query().Get("text") == "true" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		x.Write(w) // the client's connection is all that can fail
		return
	}
	writeJSON(w, x)
}

// namedPerson reads an identifier that may be left out.
func namedPerson(s string) (*ad.PersonID, error) {
	if s == "" {
		return nil, nil
	}
	id, err := parseID(s)
	if err != nil {
		return nil, err
	}
	key := id.Key()
	return &key, nil
}

// apiPerson answers GET and DELETE /api/person?id=ID.
func (m *Main) apiPerson(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("id")
	id, err := parseID(name)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.Method == http.MethodDelete {
		person := m.profiles.PersonOf(id.Key())
		found, err := m.profiles.Forget(time.Now(), id.Key(), m.ledger.Next())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		m.engine.Exposures.Forget(person)
		sayForgotten(w, name, found)
		return
	}
	person, err := m.profiles.Get(id.Key(), time.Now())
	switch {
	case errors.Is(err, profile.ErrNotFound):
		http.Error(w, "nothing is known of "+name, http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	default:
		writeJSON(w, person)
	}
}

// apiLink answers POST and DELETE /api/link?id=ID&id=ID.
func (m *Main) apiLink(w http.ResponseWriter, r *http.Request) {
	ids, err := parseIDs(r.URL.Query()["id"])
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	change := linkPeople
	if r.Method == http.MethodDelete {
		change = unlinkPeople
	}
	text, err := change(m.profiles, ids, time.Now())
	switch {
	case errors.Is(err, errLink):
		http.Error(w, err.Error(), http.StatusBadRequest)
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	default:
		fmt.Fprintln(w, text)
	}
}

// apiImport answers POST /api/import with a file of people as body.
func (m *Main) apiImport(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	maxErrors, err := strconv.Atoi(q.Get("max_errors"))
	if err != nil {
		maxErrors = importer.DefaultMaxErrors
	}
	o := importer.Options{
		Name: q.Get("name"), ID: q.Get("id"), Again: q.Get("again") == "true", Erased: q.Get("erased") == "true", Gzip: q.Get("gzip") == "true",
		MaxErrors: maxErrors, Workers: 1, Now: time.Now(),
	}
	if q.Get("csv") == "true" {
		o.Format = importer.CSV
	}
	var bad []string
	o.Bad = func(b importer.BadLine) {
		if len(bad) < 100 {
			bad = append(bad, fmt.Sprintf("%s:%d: %v", o.Name, b.Line, b.Err))
		}
	}
	done, err := importer.Run(r.Context(), m.profiles, r.Body, o)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	text := importText(done, time.Since(o.Now))
	for _, b := range bad {
		text = b + "\n" + text
	}
	switch {
	case errors.Is(err, importer.ErrFinished):
		http.Error(w, err.Error(), http.StatusConflict)
	case err != nil:
		http.Error(w, text+"\n"+err.Error(), http.StatusUnprocessableEntity)
	default:
		fmt.Fprintln(w, text)
	}
}
