package pacing

import "bidwell/ad"

// Restore puts back what was confirmed before the process started: in total, and
// for the days that still matter, by their number. It is to be called once, before
// the account is used; what is confirmed since is added to it.
func (a *Account) Restore(confirmed ad.Money, days map[int32]ad.Money) {
	a.confirmed.Add(int64(confirmed))
	a.held.Add(int64(confirmed))
	a.mu.Lock()
	defer a.mu.Unlock()
	for number, spent := range days {
		d := a.openDay(number)
		d.confirmed.Add(int64(spent))
		d.held.Add(int64(spent))
	}
}
