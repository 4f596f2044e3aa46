package loadtest

import (
	"slices"
	"testing"
)

func TestTrackersOf(t *testing.T) {
	f := func(name, adm string, shown, click []string) {
		t.Helper()
		got := trackersOf(adm)
		if !slices.Equal(got.shown, shown) || !slices.Equal(got.click, click) {
			t.Errorf("%s: shown %q, click %q; want %q, %q", name, got.shown, got.click, shown, click)
		}
	}
	f("html", `<a target="_blank" href="https://b.example/click?a=1&amp;b=2"><img alt="src" src='https://cdn.example/x.jpg'></a><image src="no"><IMG><img width=1 src="https://b.example/imp">`,
		[]string{"https://cdn.example/x.jpg", "https://b.example/imp"}, []string{"https://b.example/click?a=1&b=2"})
	f("html with two links", `<a href="https://1.example"></a><a href="https://2.example"></a>`, nil, []string{"https://1.example"})
	f("html without quotes", `<img src=https://b.example/imp>`, nil, nil)
	f("data-src is not src", `<img data-src="https://lazy.example" src="https://b.example/imp">`, []string{"https://b.example/imp"}, nil)
	f("cut off", `<img src="https://b.example`, []string{"https://b.example"}, nil)
	f("vast", `<?xml version="1.0"?><VAST version="4.2"><Ad><InLine><Impressions/><Impression id="a"><![CDATA[ https://b.example/imp?a=1&b=2 ]]></Impression>
<Impression>https://c.example/?x&amp;y</Impression><ClickThrough><![CDATA[https://land.example]]></ClickThrough><ClickTracking>https://b.example/click</ClickTracking></InLine></Ad></VAST>`,
		[]string{"https://b.example/imp?a=1&b=2", "https://c.example/?x&y"}, []string{"https://b.example/click", "https://land.example"})
	f("vast cut off", `<VAST><Impression><![CDATA[https://b`, nil, nil)
	f("native", `{"native":{"imptrackers":["https://b.example/1"],"eventtrackers":[{"event":1,"method":1,"url":"https://b.example/2"},{"event":1,"method":2,"url":"https://b.example/js"}],"link":{"url":"https://land.example","clicktrackers":["https://b.example/click"]}}}`,
		[]string{"https://b.example/1", "https://b.example/2"}, []string{"https://b.example/click", "https://land.example"})
	f("bare native", `{"link":{"url":"https://land.example"}}`, nil, []string{"https://land.example"})
	f("broken native", `{"link":`, nil, nil)
	f("nothing", ``, nil, nil)
}

func TestTrackersOfWhatIsSeen(t *testing.T) {
	got := trackersOf(`<VAST version="4.2"><Ad><InLine><ViewableImpression><Viewable><![CDATA[https://b.example/v]]></Viewable></ViewableImpression><Linear><TrackingEvents>
<Tracking event="start"><![CDATA[https://b.example/0]]></Tracking><Tracking event='midpoint'>https://b.example/2</Tracking><Tracking event="mute">https://b.example/m</Tracking><Tracking event="complete"> https://b.example/4 </Tracking></TrackingEvents></Linear></InLine></Ad></VAST>`)
	if !slices.Equal(got.viewable, []string{"https://b.example/v"}) {
		t.Errorf("viewable %q", got.viewable)
	}
	want := [5][]string{0: {"https://b.example/0"}, 2: {"https://b.example/2"}, 4: {"https://b.example/4"}}
	for i := range want {
		if !slices.Equal(got.played[i], want[i]) {
			t.Errorf("%s: %q, want %q", playEvents[i], got.played[i], want[i])
		}
	}
	native := trackersOf(`{"native":{"eventtrackers":[{"event":2,"method":1,"url":"https://b.example/v"},{"event":2,"method":2,"url":"https://b.example/js"}]}}`)
	if !slices.Equal(native.viewable, []string{"https://b.example/v"}) || native.shown != nil {
		t.Errorf("native: viewable %q, shown %q", native.viewable, native.shown)
	}
}

func FuzzTrackersOf(f *testing.F) {
	f.Add(`<a href="x"><img src='y'>`)
	f.Add(`<VAST><Impression><![CDATA[x]]></Impression></VAST>`)
	f.Add(`{"native":{"link":{"url":"x"}}}`)
	f.Fuzz(func(t *testing.T, adm string) {
		got := trackersOf(adm)
		if n := len(got.shown) + len(got.viewable) + len(got.click); n > len(adm) {
			t.Errorf("%d URLs in %d bytes", n, len(adm))
		}
	})
}
