package bidder

// See notes of the person what the page or app of the request is about, for
// exchanges of which that is configured, and people who permit it. It comes after
// Decide, neither waits nor allocates, and changes nothing about this request.
func (e *Engine) See(sc *Scratch) {
	if e.Sightings == nil || !sc.exchange.Seen || sc.Req.Test || !sc.Person.May.Write || sc.Person.ID.IsZero() {
		return
	}
	sc.topics = sc.snap.Topics.OfRequest(sc.topics[:0], &sc.Req)
	for _, x := range sc.topics {
		e.Sightings.See(sc.Person.ID, x.Name, sc.clock.now.Unix())
	}
}
