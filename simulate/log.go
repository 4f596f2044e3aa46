package simulate

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"bidwell/ad"
	"bidwell/pricing"
)

// ErrLog is what errors about the content of a log wrap.
var ErrLog = errors.New("auction log")

// What a log may hold at most.
const (
	maxAuctions  = 50_000_000
	maxLine      = 1 << 20
	maxLogDays   = 92
	maxLogCPM    = 1e8
	hoursPerDay  = 24
	shuffledDays = 32 // hours that go back more often than this are in no order
)

// Columns of a log.
const (
	colPrice = "price"   // highest rival bid, per thousand
	colPCTR  = "pctr"    // predicted click-through rate, 0 to 1
	colClick = "click"   // 0 or 1
	colHour  = "hour"    // 0 to 23; auctions are spread evenly within it
	colTime  = "time"    // see parseTime
	colPart  = "segment" // a name of the part of the market, such as site and size
	colSkip  = "-"
)

// auction is one line of a log.
type auction struct {
	at    time.Duration // since the log's first midnight or hour
	price ad.Money
	pctr  float64
	click bool

	segment pricing.Segment // 0 if the log names none
}

// priceLog is a log in the order of its time.
type priceLog struct {
	start    time.Time
	length   time.Duration // to the end of its last hour
	auctions []auction
	notes    []string // what was assumed
}

// firstDay is the day of logs that name none: a Monday.
var firstDay = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// row is one line before it has its place in time.
type row struct {
	auction
	hour int
	time time.Time
}

// readLog reads a log with columns that are checked. A first line that is no data is
// taken for a header.
func readLog(r io.Reader, columns []string, separator string) (*priceLog, error) {
	split, err := splitter(separator)
	if err != nil {
		return nil, err
	}
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 64<<10), maxLine)
	var rows []row
	for line := 1; sc.Scan(); line++ {
		text := strings.TrimSuffix(sc.Text(), "\r")
		if strings.TrimSpace(text) == "" {
			continue
		}
		w, err := parseRow(split(text), columns)
		switch {
		case err != nil && line == 1 && len(rows) == 0 && isHeader(split(text)):
		case err != nil:
			return nil, fmt.Errorf("%w: line %d: %w", ErrLog, line, err)
		case len(rows) == maxAuctions:
			return nil, fmt.Errorf("%w: more than %d auctions: replay a part of it", ErrLog, maxAuctions)
		default:
			rows = append(rows, w)
		}
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("read auction log: %w", err)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%w: it holds no auction", ErrLog)
	}
	if sum := totalOf(rows); sum > mostCost {
		return nil, fmt.Errorf("%w: its prices add up to %g currency units, more than can be counted", ErrLog, sum/float64(ad.Unit))
	}
	switch {
	case slices.Contains(columns, colTime):
		return byTime(rows)
	case slices.Contains(columns, colHour):
		return byHour(rows)
	}
	return evenly(rows), nil
}

// mostCost leaves room for bursts.
const mostCost = float64(ad.MaxMoney) / 1000

func totalOf(rows []row) (sum float64) {
	for i := range rows {
		sum += float64(rows[i].price)
	}
	return sum
}

func checkColumns(columns []string) error {
	known := []string{colPrice, colPCTR, colClick, colHour, colTime, colPart}
	for i, c := range columns {
		if c != colSkip && !slices.Contains(known, c) {
			return fmt.Errorf("column %q: columns are %s, and - for one that is not used", c, strings.Join(known, ", "))
		}
		if c != colSkip && slices.Contains(columns[:i], c) {
			return fmt.Errorf("column %q is named twice", c)
		}
	}
	if !slices.Contains(columns, colPrice) {
		return errors.New("columns: one of them has to be the price")
	}
	if slices.Contains(columns, colHour) && slices.Contains(columns, colTime) {
		return errors.New("columns: name the hour or the time, not both; - stands for one that is not used")
	}
	return nil
}

// byTime orders rows by their time stamps. The log begins and ends at whole hours.
func byTime(rows []row) (*priceLog, error) {
	slices.SortStableFunc(rows, func(a, b row) int { return a.time.Compare(b.time) })
	first, last := rows[0].time, rows[len(rows)-1].time
	l := &priceLog{start: first.Truncate(time.Hour)}
	l.length = last.Truncate(time.Hour).Add(time.Hour).Sub(l.start)
	if last.Sub(first) > maxLogDays*hoursPerDay*time.Hour {
		return nil, fmt.Errorf("%w: it spans %s to %s, more than %d days", ErrLog, first.Format(time.DateOnly), last.Format(time.DateOnly), maxLogDays)
	}
	for _, w := range rows {
		w.at = w.time.Sub(l.start)
		l.auctions = append(l.auctions, w.auction)
	}
	return l, nil
}

// byHour spreads rows evenly over the hours that they name. An hour that goes back
// begins another day, unless that happens so often that the log is in no order.
func byHour(rows []row) (*priceLog, error) {
	days := 0
	for i := 1; i < len(rows); i++ {
		if rows[i].hour < rows[i-1].hour {
			days++
		}
	}
	l := &priceLog{start: firstDay}
	if days >= shuffledDays {
		slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a.hour, b.hour) })
		l.notes = append(l.notes, "the log is not in the order of its hours; it was sorted into one day")
	}
	first := time.Duration(rows[0].hour) * time.Hour
	day := time.Duration(0)
	for i := 0; i < len(rows); {
		n := i + 1
		for n < len(rows) && rows[n].hour == rows[i].hour {
			n++
		}
		begin := day + time.Duration(rows[i].hour)*time.Hour - first
		l.spread(rows[i:n], begin, time.Hour)
		l.length = begin + time.Hour
		if n < len(rows) && rows[n].hour < rows[i].hour {
			day += hoursPerDay * time.Hour
		}
		i = n
	}
	l.start = l.start.Add(first)
	return l, nil
}

// evenly spreads rows over a day.
func evenly(rows []row) *priceLog {
	l := &priceLog{start: firstDay, length: hoursPerDay * time.Hour}
	l.spread(rows, 0, l.length)
	l.notes = append(l.notes, "the log has no hours; it was spread evenly over a day")
	return l
}

func (l *priceLog) spread(rows []row, begin, length time.Duration) {
	step := float64(length) / float64(len(rows))
	for i, w := range rows {
		w.at = begin + time.Duration((float64(i)+0.5)*step)
		l.auctions = append(l.auctions, w.auction)
	}
}

// cost returns what every auction of the log costs at its price.
func (l *priceLog) cost() ad.Money {
	var sum ad.Money
	for i := range l.auctions {
		sum += l.auctions[i].price
	}
	return sum
}

// after returns the first auction after a share of them.
func (l *priceLog) after(share float64) int { return int(share * float64(len(l.auctions))) }

// shift multiplies the prices from an auction on.
func (l *priceLog) shift(from int, factor float64) {
	for i := from; i < len(l.auctions); i++ {
		l.auctions[i].price = l.auctions[i].price.Mul(factor)
	}
}

// burst returns the log with every auction from begin to end repeated, so that
// there are factor times as many.
func (l *priceLog) burst(begin, end time.Duration, factor float64) *priceLog {
	out := &priceLog{start: l.start, length: l.length, notes: l.notes}
	owed := 0.0
	for _, a := range l.auctions {
		out.auctions = append(out.auctions, a)
		if a.at < begin || a.at >= end {
			continue
		}
		for owed += factor - 1; owed >= 1; owed-- {
			out.auctions = append(out.auctions, a)
		}
	}
	return out
}
