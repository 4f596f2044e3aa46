package learn_test

import (
	"testing"

	"bidwell/pricing/learn"
)

// BenchmarkApply learns from events; an operation is one event. Of ten, about four are
// impressions.
func BenchmarkApply(b *testing.B) {
	events := history(1, 20_000)
	l := learn.NewLearner()
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		l.Apply(uint64(i), events[i%len(events)])
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkPublish makes models of what 20,000 impressions have taught.
func BenchmarkPublish(b *testing.B) {
	l := learn.NewLearner()
	apply(l, history(1, 20_000)...)
	b.ReportAllocs()
	for b.Loop() {
		l.Model()
	}
}

// BenchmarkState writes the same down.
func BenchmarkState(b *testing.B) {
	l := learn.NewLearner()
	apply(l, history(1, 20_000)...)
	var state []byte
	for b.Loop() {
		state = l.AppendState(state[:0])
	}
	b.ReportMetric(float64(len(state)), "bytes")
}
