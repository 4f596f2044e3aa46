package bidder

import (
	"fmt"
	"io"
	"strings"
)

// Write writes the explanation for people. It returns w's first error.
func (x *Explanation) Write(w io.Writer) error {
	p := &printer{w: w}
	p.line("Request %s from exchange %s, %s", x.Request, x.Exchange, x.At.Format("2006-01-02 15:04:05 MST"))
	p.line("  shown on   %s", strings.TrimSpace(x.Person.Where+" "+x.Person.Domain))
	if len(x.Person.Topics) > 0 {
		p.line("  about      %s", strings.Join(x.Person.Topics, ", "))
	}
	p.line("  device     %s", strings.TrimSpace(x.Person.Device+" "+x.Person.Country))
	p.line("  person     %s", x.Person.text())
	if len(x.Person.KnownBy) > 0 {
		p.line("  known by   %s", strings.Join(x.Person.KnownBy, ", "))
	}
	p.line("  privacy    %s (%s)", x.Person.May, x.Person.Basis)
	p.line("  profile    %s", x.Person.Profile)
	if len(x.Impressions) == 0 {
		p.line("\nNo bid: %s (%s)", x.Text, x.Reason)
	}
	for i := range x.Impressions {
		x.Impressions[i].write(p, x.Currency)
	}
	return p.err
}

func (f *PersonFacts) text() string {
	switch {
	case f.Override:
		return "named on the command line, key " + f.Key
	case f.Key == "":
		return "no identifier that could be used"
	}
	return "by " + f.ID + ", key " + f.Key
}

func (x *ImpExplanation) write(p *printer, cur string) {
	p.line("\nImpression %s offers %s", x.ID, strings.Join(x.Offers, "; "))
	if x.Floor != "" {
		p.line("  floor      %s CPM", x.Floor)
	}
	if len(x.Deals) > 0 {
		p.line("  deals      %s", strings.Join(x.Deals, ", "))
	}
	if x.Winner == "" {
		p.line("  no bid")
	}
	for i := range x.Lines {
		x.Lines[i].write(p)
	}
}

func (x *LineExplanation) write(p *printer) {
	decided := "decided at"
	if n := len(x.Price); x.Bids && n > 0 {
		decided = "line item at"
		p.line("\n  BID %s/%s: bids %s %s CPM", x.Campaign, x.Line, amount(x.Price[n-1].CPM), x.Price[n-1].Cur)
	} else {
		p.line("\n  no  %s/%s: %s (%s)", x.Campaign, x.Line, x.Text, x.Reason)
	}
	if x.Detail != "" {
		p.line("      %s", x.Detail)
	}
	if x.Where != "" {
		p.line("      %s %s", decided, x.Where)
	}
	if x.Creative != "" {
		p.line("      creative %s", x.Creative)
	}
	if x.Deal != "" {
		p.line("      deal %s", x.Deal)
	}
	for _, s := range x.Price {
		p.line("      %-40s %10s %s CPM  %s", s.Step, amount(s.CPM), s.Cur, s.Where)
	}
	x.writePrice(p)
	for i := range x.Caps {
		p.line("      frequency %s  %s", x.Caps[i].text(), x.Caps[i].Where)
	}
	if x.Conversation != nil {
		x.Conversation.write(p)
	}
	if x.Audience != nil {
		p.line("      audience")
		p.err = orErr(p.err, x.Audience.Write(p.w, "        "))
	}
	for i := range x.Adjust {
		a := &x.Adjust[i]
		applies := "does not apply"
		if a.Applies {
			applies = "applies"
		}
		p.line("      modifier × %s %s", decimal(a.Multiply), applies)
		p.err = orErr(p.err, a.If.Write(p.w, "        "))
	}
}

// printer keeps the first error of a series of writes.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, err := fmt.Fprintln(p.w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
		p.err = err
	}
}

func orErr(first, second error) error {
	if first != nil {
		return first
	}
	return second
}
