package main

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"time"

	"go.uber.org/zap"

	"bidwell/campaign"
	"bidwell/internal/conf"
)

// reloadStatus is the outcome of the last reload.
type reloadStatus struct {
	At       time.Time `json:"at"`
	OK       bool      `json:"ok"`
	Problems []string  `json:"problems,omitempty"`
}

// watchConfig reloads the configuration when its directory changes and when hup
// gets a signal, until ctx is done.
func (m *Main) watchConfig(ctx context.Context, hup <-chan os.Signal) {
	changes := make(chan struct{}, 1)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-hup:
			case <-changes:
			}
			m.reload()
		}
	}()
	m.watcher.Run(ctx, func() {
		select {
		case changes <- struct{}{}:
		default: // a reload is due already
		}
	})
}

// reload compiles the configuration and publishes it. If anything is wrong the
// last good one goes on serving, and /status and a metric say so.
func (m *Main) reload() {
	now := time.Now()
	snap, problems, err := campaign.Reload(m.Config, now)
	status := &reloadStatus{At: now, OK: snap != nil}
	if err != nil {
		status.Problems = []string{err.Error()}
	}
	if problems != nil {
		for _, p := range problems.Sorted() {
			if p.Severity == conf.Error {
				status.Problems = append(status.Problems, p.Error())
			}
		}
	}
	if snap != nil {
		if status.Problems = m.unchangeable(snap); len(status.Problems) > 0 {
			snap, status.OK = nil, false
		}
	}
	if snap == nil {
		m.reloaded(status)
		m.Log.Error("reload failed, the last good configuration serves on", zap.Strings("problems", status.Problems))
		return
	}
	m.defaultURLs(snap)
	snap.Bind(m.engine.Books)
	m.publish(snap)
	m.reloaded(status) // whoever reads that it went well finds it in effect
	m.Log.Info("reloaded", zap.Int("line_items", len(snap.Lines)), zap.Duration("took", time.Since(now)))
	if keys := restartKeys(m.process, snap.Process); len(keys) > 0 {
		m.Log.Warn("settings changed that take effect at a restart only", zap.Strings("keys", keys))
	}
}

// reloaded lets /status and the metrics tell of a reload.
func (m *Main) reloaded(s *reloadStatus) {
	m.status.Store(s)
	m.engine.Metrics.Reloaded(s.OK, s.At)
}

// unchangeable says what of a configuration contradicts what the books in memory
// are kept by.
func (m *Main) unchangeable(s *campaign.Snapshot) (problems []string) {
	if is, was := s.Rates.Base(), m.engine.Snapshot().Rates.Base(); is != was {
		problems = append(problems, fmt.Sprintf("%s: currency: the accounts are kept in %s, they cannot go on in %s: begin with another data directory", m.Config, was, is))
	}
	if is, was := tokenLifetime(s), m.lifetime; is > was {
		problems = append(problems, fmt.Sprintf("%s: notice_window: notices are accepted for %v, not %v: restart to change it", m.Config, was, is))
	}
	return problems
}

// restartKeys names the settings that differ and that a reload cannot change.
func restartKeys(a, b *campaign.ProcessFile) (keys []string) {
	strip := func(s campaign.StoreSpec) [2]int { return [2]int{s.CacheMB, s.BlockMB} }
	limits := func(l campaign.LimitSpec) []any {
		return []any{l.BodyKB, l.Connections, l.ShedAbove, l.SlowClient, l.Drain}
	}
	for _, f := range []struct {
		key  string
		same bool
	}{
		{"listen", a.Listen == b.Listen}, {"admin", a.Admin == b.Admin}, {"admin_key", a.AdminKey == b.AdminKey},
		{"data", a.Data == b.Data},
		{"privacy.retention", a.Privacy.Retention.Keep() == b.Privacy.Retention.Keep()},
		{"store", strip(a.Store) == strip(b.Store)}, {"limits", reflect.DeepEqual(limits(a.Limits), limits(b.Limits))},
	} {
		if !f.same {
			keys = append(keys, f.key)
		}
	}
	return keys
}
