package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/prebid/openrtb/v20/openrtb2"

	"bidwell/campaign"
	"bidwell/configs"
	"bidwell/internal/prose"
	"bidwell/profile/importer"
)

// story is one person's way, told while it happens: on a bidder that runs, over HTTP,
// as pages, servers and an exchange would.
type story struct {
	m      *Main
	sender *campaign.SenderSpec // who reports what she does
	ctx    context.Context
	out    io.Writer
	client *http.Client
	cookie string        // of the laptop's browser
	n      int           // requests so far
	seen   *openrtb2.Bid // what she has seen last
}

// The person of the story: who she is in the shop, and on her phone.
const (
	evaLogin = "login:shop:eva"
	evaPhone = "1f0e4b7c-93d2-4c55-8f5e-2b6a90d4c7e1"
	evaKnown = `{"id":{"type":"login:shop","value":"eva"},"attributes":{"home.zip":"82031","owns.car.class":"luxury","owns.car.bought":{"ago":"4y"}}}`
)

// story tells the story on a bidder that is open.
func (d *demo) story(ctx context.Context, m *Main, out io.Writer) error {
	sender, err := demoSender(m.engine.Snapshot())
	if err != nil {
		return fmt.Errorf("tell the story: %w", err)
	}
	serving, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- m.Run(serving) }()
	s := &story{m: m, sender: sender, ctx: ctx, out: out, client: &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	err = s.tell()
	stop()
	return errors.Join(err, <-served)
}

func (s *story) tell() error {
	for _, chapter := range []func() error{
		s.registers, s.readsAboutCars, s.signsIn, s.isMet, s.isMetAgain, s.clicks, s.isInvited, s.drives, s.isLeftAlone, s.asks, s.isForgotten,
	} {
		if err := chapter(); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) say(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

func (s *story) registers() error {
	_, err := importer.Run(s.ctx, s.m.profiles, strings.NewReader(evaKnown), importer.Options{Name: "the shop's customers", Now: time.Now()})
	s.say("Eva is a customer of a shop, which knows her postcode and her car. It is imported as %s.", evaLogin)
	return err
}

// readsAboutCars visits three pages with the advertiser's pixel on them.
func (s *story) readsAboutCars() error {
	q := url.Values{"key": {s.sender.PixelKey}, "gdpr": {"0"}}
	for _, page := range []string{"https://cars.example/roadsters", "https://cars.example/luxury/test", "https://cars.example/prices"} {
		q.Set("url", page)
		if err := s.pixel("/e/visit?" + q.Encode()); err != nil {
			return err
		}
	}
	s.say("\nOn her laptop she reads three pages about cars. Their pixel knows only a browser, cookie:%s.", s.cookieValue())
	return nil
}

// pixel loads a pixel as a browser does: it keeps the cookie and goes where it is sent.
func (s *story) pixel(path string) error {
	for range 3 {
		resp, err := s.get("http://" + s.m.Addr() + path)
		if err != nil {
			return err
		}
		if set := resp.Header.Get("Set-Cookie"); set != "" {
			s.cookie, _, _ = strings.Cut(set, ";")
		}
		if resp.StatusCode == http.StatusOK {
			return nil
		}
		if path = resp.Header.Get("Location"); resp.StatusCode != http.StatusFound || !strings.HasPrefix(path, "/") {
			return fmt.Errorf("a pixel is answered %s", resp.Status)
		}
	}
	return errors.New("a pixel is sent on without end")
}

func (s *story) cookieValue() string {
	_, value, _ := strings.Cut(s.cookie, "=")
	return value
}

func (s *story) get(address string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if s.cookie != "" {
		req.Header.Set("Cookie", s.cookie)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return resp, errors.Join(err, resp.Body.Close())
}

// signsIn has the shop's server say that the laptop, and then the phone, are hers.
func (s *story) signsIn() error {
	err := s.report("/e/visit",
		`{"event":"s-1","kind":"signup","ids":[{"type":"cookie","value":"`+s.cookieValue()+`"},{"type":"login:shop","value":"eva"}],"topic":"automotive"}`,
		`{"event":"s-2","kind":"signup","ids":[{"type":"ifa","value":"`+evaPhone+`"},{"type":"login:shop","value":"eva"}],"topic":"automotive"}`)
	if err != nil {
		return err
	}
	x, err := s.explained()
	if err != nil {
		return err
	}
	s.say("\nShe signs in at the shop, on the laptop and on her phone. Now all that is known counts wherever she is met:\n  %s",
		strings.Join(x.Person.KnownBy, "\n  "))
	return nil
}

// report posts what an advertiser's server reports, a line each.
func (s *story) report(path string, lines ...string) error {
	req, err := http.NewRequestWithContext(s.ctx, http.MethodPost, "http://"+s.m.Addr()+path, strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.sender.Key)
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	var answer struct{ Accepted int }
	if err := json.Unmarshal(text, &answer); err != nil || answer.Accepted != len(lines) {
		return fmt.Errorf("a report to %s is answered %s %s", path, resp.Status, bytes.TrimSpace(text))
	}
	return s.followed()
}

// followed waits until the profiles have what the ledger has.
func (s *story) followed() error {
	t := time.NewTicker(time.Millisecond)
	defer t.Stop()
	for s.m.touches.Stats().Behind > 0 {
		select {
		case <-s.ctx.Done():
			return s.ctx.Err()
		case <-t.C:
		}
	}
	return nil
}

func (s *story) isMet() error {
	s.say("\nThe phone opens the front page of a premium news site, and the exchange asks for bids.")
	return s.shown()
}

func (s *story) isMetAgain() error {
	s.say("\nShe comes again: the first step of the conversation a second time.")
	return s.shown()
}

// shown has an auction won and its ad shown, with all notices.
func (s *story) shown() error {
	bid, err := s.bid()
	if err != nil {
		return err
	}
	if bid == nil {
		return errors.New("there is no bid")
	}
	price := strings.NewReplacer("${AUCTION_PRICE}", fmt.Sprint(bid.Price))
	for _, address := range []string{price.Replace(bid.NURL), price.Replace(bid.BURL), s.link(bid, "imp")} {
		resp, err := s.get(address)
		if err != nil {
			return err
		}
		if resp.StatusCode >= 300 {
			return fmt.Errorf("a notice is answered %s", resp.Status)
		}
	}
	s.seen = bid
	return s.followed()
}

var links = regexp.MustCompile(`https?://[^"'\s]+/e/(imp|click)\?[^"'\s]+`)

// link returns the address of a kind in the markup of a bid. Browsers reach the
// bidder by TLS; here there is nothing in between.
func (s *story) link(bid *openrtb2.Bid, kind string) string {
	for _, l := range links.FindAllStringSubmatch(html.UnescapeString(bid.AdM), -1) {
		if l[1] == kind {
			return strings.Replace(l[0], "https://", "http://", 1)
		}
	}
	return ""
}

func (s *story) clicks() error {
	resp, err := s.get(s.link(s.seen, "click"))
	if err != nil {
		return err
	}
	s.say("\nShe clicks. The click is recorded and leads to %s.", resp.Header.Get("Location"))
	return s.followed()
}

func (s *story) isInvited() error {
	s.say("\nThe next time she is met, the conversation has moved on:")
	return s.shown()
}

// drives has the shop report the conversion.
func (s *story) drives() error {
	err := s.report("/e/conv", `{"event":"d-1","ids":[{"type":"login:shop","value":"eva"}],"topic":"test-drive","value":0,"currency":"EUR"}`)
	s.say("\nShe takes a test drive. The shop reports it.")
	return err
}

func (s *story) isLeftAlone() error {
	bid, err := s.bid()
	if err == nil && bid != nil {
		err = fmt.Errorf("who has converted is shown %s", bid.CrID)
	}
	return err
}

// heldCounts is of what is held of a person how many there are.
type heldCounts struct {
	Person         *struct{ IDs, Attributes, Behaviours, Touches []json.RawMessage }
	ByID           []json.RawMessage `json:"by_id"`
	Erased, Events []json.RawMessage
	InFlight       []json.RawMessage `json:"in_flight"`
}

// asks has her see what is held of her.
func (s *story) asks() error {
	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, "http://"+s.m.AdminAddr()+"/api/person/export?id="+url.QueryEscape(evaLogin), nil)
	if err != nil {
		return err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	var h heldCounts
	err = json.NewDecoder(resp.Body).Decode(&h)
	if err = errors.Join(err, resp.Body.Close()); err != nil || h.Person == nil {
		return errors.Join(err, fmt.Errorf("to be asked what is held is answered %s", resp.Status))
	}
	s.say("\nShe asks what is held of her, and gets all of it: %s, %s, %s of behaviour, %s, %s of the ledger.",
		prose.Count(len(h.Person.IDs), "identifier"), prose.Count(len(h.Person.Attributes), "attribute"), prose.Count(len(h.Person.Behaviours), "kind"),
		prose.Count(len(h.Person.Touches), "contact"), prose.Count(len(h.Events), "event"))
	return nil
}

func (s *story) isForgotten() error {
	req, err := http.NewRequestWithContext(s.ctx, http.MethodDelete, "http://"+s.m.AdminAddr()+"/api/person?id="+url.QueryEscape(evaLogin), nil)
	if err != nil {
		return err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		return errors.Join(err, fmt.Errorf("to forget is answered %s", resp.Status))
	}
	x, err := s.explained()
	if err != nil {
		return err
	}
	s.say("\nShe asks to be forgotten, and by one identifier all is erased. Of her phone: %s.", x.Person.Profile)
	return nil
}

// request is a bid request for the front page, from the phone.
func (s *story) request() ([]byte, error) {
	text, err := fs.ReadFile(configs.Files(), "requests/premium-news-front-page.json")
	if err != nil {
		return nil, err
	}
	var req openrtb2.BidRequest
	if err := json.Unmarshal(text, &req); err != nil {
		return nil, err
	}
	s.n++
	req.ID, req.User.BuyerUID, req.User.ID, req.Device.IFA, req.Device.DeviceType = fmt.Sprint("story-", s.n), "", "", evaPhone, 4
	req.TMax = 0
	return json.Marshal(&req)
}
