package ad

import "testing"

func TestEventKindNames(t *testing.T) {
	seen := map[string]bool{}
	for k := EventBid; k.Valid(); k++ {
		name := k.String()
		if name == "" || seen[name] {
			t.Errorf("kind %d has the name %q, want one of its own", k, name)
		}
		seen[name] = true
		if got := EventKindOf(name); got != k {
			t.Errorf("EventKindOf(%q) = %d, want %d", name, got, k)
		}
	}
	if len(seen) != NumEvents-1 {
		t.Errorf("%d kinds are valid, want %d", len(seen), NumEvents-1)
	}
	for _, name := range []string{"", "none", "unknown", "Win"} {
		if got := EventKindOf(name); got != NoEvent {
			t.Errorf("EventKindOf(%q) = %s, want none", name, got)
		}
	}
	if got := EventKind(200).String(); got != "unknown" {
		t.Errorf("EventKind(200) is %q", got)
	}
}

func TestEventOfEveryNotice(t *testing.T) {
	for n := Win; n <= Click; n++ {
		if k := EventOf(n); !k.Valid() {
			t.Errorf("EventOf(%s) = %s, want a kind", n, k)
		}
	}
	if k := EventOf(NoNotice); k != NoEvent {
		t.Errorf("EventOf(NoNotice) = %s", k)
	}
}
