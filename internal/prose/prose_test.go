package prose

import "testing"

func TestCount(t *testing.T) {
	for _, tt := range []struct {
		n    int
		noun string
		want string
	}{
		{1, "request", "1 request"},
		{0, "request", "0 requests"},
		{2, "line item", "2 line items"},
		{1234567, "request", "1,234,567 requests"},
		{-100, "request", "-100 requests"},
		{1, "day", "1 day"},
		{3, "day", "3 days"},
		{1, "person", "1 person"},
		{2, "person", "2 people"},
		{2, "country", "2 countries"},
		{1, "country", "1 country"},
	} {
		if got := Count(tt.n, tt.noun); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
