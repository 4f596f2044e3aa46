package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/ledger"
)

// How often the books are kept in order.
const (
	bookInterval  = time.Second      // reservations expire, counts are written
	paceInterval  = 10 * time.Second // κ moves
	stateInterval = time.Minute      // what pacing has learned is written
	trimInterval  = time.Hour        // old events are dropped
)

// pacingState is the name under which the ledger keeps what pacing has learned.
const pacingState = "pacing"

// openLedger opens the ledger of the data directory and restores the accounts
// from it.
func (m *Main) openLedger(lifetime time.Duration) (err error) {
	m.ledger, err = ledger.Open(ledger.Config{Dir: ledgerDir(m.dataDir()), Lifetime: lifetime, Retention: m.process.Store.KeepEvents.Std(), Late: m.engine.Late})
	if err != nil {
		return err
	}
	m.engine.Ledger = m.ledger
	if err := m.keepCurrency(); err != nil {
		return err
	}
	if !m.asking {
		m.leases = newLeases(m.ledger, m.engine.Books, m.engine.Money, m.engine.Counts)
	}
	return m.ledger.Accounts(func(a *ledger.Account) error {
		money, counts := m.engine.Books.Money.Get(a.ID), m.engine.Books.Counts.Get(a.ID)
		money.Restore(a.Total.Spend)
		counts.Restore(ad.Money(a.Total.Impressions))
		for _, d := range a.Days {
			money.RestoreDay(d.Number, d.Figure.Spend)
			counts.RestoreDay(d.Number, ad.Money(d.Figure.Impressions))
		}
		return nil
	})
}

// currencyState is the name under which the ledger keeps its currency.
const currencyState = "currency"

// keepCurrency makes sure that the ledger is kept in the house currency, which a
// new one takes on.
func (m *Main) keepCurrency() error {
	house := m.rates.Base().String()
	kept, err := m.ledger.State(currencyState)
	switch {
	case err != nil:
		return err
	case len(kept) == 0 && !m.asking:
		return m.ledger.SetState(currencyState, []byte(house))
	case len(kept) > 0 && string(kept) != house:
		return fmt.Errorf("the ledger in %s is kept in %s and the configuration's currency is %s: set it back, or begin with another data directory", m.dataDir(), kept, house)
	}
	return nil
}

func ledgerDir(data string) string { return filepath.Join(data, "ledger") }

// publish makes a configuration serve that is bound, for which there is a lease by
// then, and tells the ledger its names.
func (m *Main) publish(s *campaign.Snapshot) {
	m.lease(s, time.Now())
	m.engine.Publish(s)
	for _, e := range s.Exchanges {
		m.ledger.Name(ledger.ExchangeName, e.ID, e.Name)
	}
	for i := range s.Advertisers {
		m.ledger.Name(ledger.AdvertiserName, s.Advertisers[i].ID, s.Advertisers[i].Name)
	}
	for _, c := range s.Campaigns {
		m.ledger.Name(ledger.CampaignName, c.ID, c.Name)
	}
	for _, c := range s.Creatives {
		m.ledger.Name(ledger.CreativeName, c.ID, c.Name)
	}
	for i := range s.Lines {
		l := &s.Lines[i]
		m.ledger.Name(ledger.LineName, l.ID, l.Name)
		for _, deal := range l.DealIDs {
			m.ledger.Name(ledger.DealName, ad.HashID([]byte(deal)), deal)
		}
	}
}

// restore reserves again what may have been reserved when the last process stopped,
// and puts back what pacing had learned. The accounts have their limits by then.
func (m *Main) restore(now time.Time) error {
	if err := m.restoreLeases(now); err != nil {
		return err
	}
	state, err := m.ledger.State(pacingState)
	if err != nil {
		return err
	}
	for id, one := range splitStates(state) {
		if err := m.engine.Books.Pacer.Restore(id, one); err != nil {
			m.Log.Warn("pacing of a campaign begins anew", zap.Error(err))
		}
	}
	return nil
}

// keepBooks keeps the books in order until ctx is done.
func (m *Main) keepBooks(ctx context.Context) {
	t := time.NewTicker(bookInterval)
	defer t.Stop()
	var paced, stated, trimmed time.Time
	wasWell := true
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			m.engine.Money.Expire(now)
			m.engine.Counts.Expire(now)
			m.engine.Exposures.Expire(now.Unix())
			m.engine.Flush(now)
			err := m.engine.CheckLedger()
			if well := err == nil; well != wasWell {
				wasWell = well
				m.sayLedger(err)
			}
			if now.Sub(paced) >= paceInterval {
				paced = now
				m.engine.Pace(now)
			}
			if err == nil && now.Sub(trimmed) >= trimInterval {
				trimmed = now
				m.trim(ctx, now)
			}
			if err == nil && now.Sub(stated) >= stateInterval {
				stated = now
				m.saveStates()
			}
		}
	}
}

// expirePeople takes what has expired out of the profiles once a day, however often
// the process is started, and who was erased out of the files within the hour, until
// ctx is done. Profiles that are written are cleaned anyway.
func (m *Main) expirePeople(ctx context.Context) {
	t := time.NewTicker(time.Hour)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			last, err := m.profiles.LastExpired()
			if err == nil && now.Sub(last) >= 23*time.Hour {
				_, err = m.profiles.Expire(now)
			}
			if err != nil {
				m.Log.Warn("expired profiles stay", zap.Error(err))
			}
			if _, err := m.profiles.Purge(ctx); err != nil && ctx.Err() == nil {
				m.Log.Warn("files hold people who were erased", zap.Error(err))
			}
		}
	}
}

// trim drops events that are older than they are kept.
func (m *Main) trim(ctx context.Context, now time.Time) {
	done, err := m.ledger.Trim(ctx, now)
	if err != nil && ctx.Err() == nil {
		m.Log.Warn("old events are not dropped", zap.Error(err))
	}
	if done.Events > 0 {
		m.Log.Info("dropped old events", zap.Uint64("events", done.Events))
	}
}

func (m *Main) sayLedger(err error) {
	if err != nil {
		m.Log.Error("spend cannot be recorded: nothing is bid until it can", zap.Error(err))
		return
	}
	m.Log.Info("spend can be recorded again: bidding goes on")
}

// closeBooks writes what the books hold before the ledger is closed. What fails
// is what a crash would lose.
func (m *Main) closeBooks(now time.Time) {
	if m.engine.Snapshot() == nil || m.asking {
		return
	}
	m.engine.Flush(now)
	if err := m.leases.end(now); err != nil && !errors.Is(err, ledger.ErrClosed) {
		m.Log.Warn("more stays reserved than is", zap.Error(err))
	}
	m.saveStates()
}

func (m *Main) saveStates() {
	var all []byte
	m.engine.Books.Pacer.States(func(id ad.ID, state []byte) bool {
		all = binary.BigEndian.AppendUint64(all, uint64(id))
		all = binary.AppendUvarint(all, uint64(len(state)))
		all = append(all, state...)
		return true
	})
	if err := m.ledger.SetState(pacingState, all); err != nil && !errors.Is(err, ledger.ErrClosed) {
		m.Log.Warn("what pacing learned is not kept", zap.Error(err))
	}
}

// splitStates takes apart what saveStates wrote. What is damaged is left out.
func splitStates(all []byte) map[ad.ID][]byte {
	states := map[ad.ID][]byte{}
	for len(all) > 8 {
		id := ad.ID(binary.BigEndian.Uint64(all))
		n, size := binary.Uvarint(all[8:])
		if size <= 0 || n > uint64(len(all)-8-size) {
			return states
		}
		from := 8 + size
		states[id] = bytes.Clone(all[from : from+int(n)])
		all = all[from+int(n):]
	}
	return states
}

// ledgerTrouble says why nothing is bid, nil if all is well.
func (m *Main) ledgerTrouble() error {
	if err := m.ledger.Health(); err != nil {
		return fmt.Errorf("spend cannot be recorded, so nothing is bid: %w", err)
	}
	return nil
}
