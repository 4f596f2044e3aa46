package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prebid/openrtb/v20/openrtb2"

	"bidwell/bidder"
)

// bid has the exchange ask for bids, and says what came and why. It returns nil for
// no bid.
func (s *story) bid() (*openrtb2.Bid, error) {
	body, err := s.request()
	if err != nil {
		return nil, err
	}
	x, err := s.explanation(body)
	if err != nil {
		return nil, err
	}
	s.sayWhy(x)
	req, err := http.NewRequestWithContext(s.ctx, http.MethodPost, "http://"+s.m.Addr()+"/openrtb2/bid/"+demoExchange, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusNoContent {
		s.say("  no bid")
		return nil, nil
	}
	var answer openrtb2.BidResponse
	if err := json.Unmarshal(text, &answer); err != nil || resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("a bid request is answered %s %s", resp.Status, text)
	}
	bid := &answer.SeatBid[0].Bid[0]
	s.say("  bid %.2f %s with %s", bid.Price, answer.Cur, bid.CrID)
	return bid, nil
}

// explanation says why the bidder decides on a request as it does.
func (s *story) explanation(body []byte) (*bidder.Explanation, error) {
	snap, now := s.m.engine.Snapshot(), time.Now()
	return s.m.engine.Explain(snap, snap.Exchange([]byte(demoExchange)), body, nil, now, now.Add(longestExplain))
}

func (s *story) explained() (*bidder.Explanation, error) {
	body, err := s.request()
	if err != nil {
		return nil, err
	}
	return s.explanation(body)
}

// sayWhy says how the roadster's price comes about, or why there is none, and where
// she stands in its conversation.
func (s *story) sayWhy(x *bidder.Explanation) {
	for i := range x.Impressions {
		for k := range x.Impressions[i].Lines {
			l := &x.Impressions[i].Lines[k]
			if l.Campaign != "roadster" || l.Line != "intenders" {
				continue
			}
			if !l.Bids {
				s.say("  %s/%s: %s", l.Campaign, l.Line, l.Text)
			}
			for _, step := range l.Price {
				s.say("  %-28s %5.2f %s CPM", step.Step, step.CPM, step.Cur)
			}
			if c := l.Conversation; c != nil && c.Step != "" {
				s.say("  at step %s of the conversation", c.Step)
			} else if c != nil {
				s.say("  has left the conversation: %s", c.Left)
			}
		}
	}
}
