package ledger

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"bidwell/ad"
)

// Format is a file format of exports.
type Format uint8

// The formats: a JSON object per line, or Apache Parquet.
const (
	NDJSON Format = iota
	Parquet
)

// ParseFormat returns the format of a name, ndjson or parquet.
func ParseFormat(name string) (Format, error) {
	switch name {
	case "ndjson":
		return NDJSON, nil
	case "parquet":
		return Parquet, nil
	}
	return 0, fmt.Errorf("there is no export format %q: it is ndjson or parquet", name)
}

// Export says what to export.
type Export struct {
	Format   Format
	From, To time.Time                // events accepted at From or later and before To; zero for no bound
	Progress func(done, total uint64) // called now and then with events read; may be nil

	// Each is called with each event before it is written, and may change it; false
	// leaves it out. It may be nil.
	Each func(seq uint64, e *ad.Event) bool
}

// Row is an event as it is exported: with names where the ledger has them, else
// with ids in hexadecimal. Amounts are in units of the house currency; Parquet
// has them as exact decimals.
type Row struct {
	Seq        int64  `parquet:"seq"`
	Kind       string `parquet:"kind,dict"`
	Detail     string `parquet:"detail,dict"`
	Bid        string `parquet:"bid"`
	Time       int64  `parquet:"time,timestamp(millisecond)"`
	BidTime    int64  `parquet:"bid_time,timestamp(millisecond)"`
	Day        int32  `parquet:"day,date"`
	Advertiser string `parquet:"advertiser,dict"`
	Campaign   string `parquet:"campaign,dict"`
	LineItem   string `parquet:"line_item,dict"`
	Creative   string `parquet:"creative,dict"`
	Exchange   string `parquet:"exchange,dict"`
	Deal       string `parquet:"deal,dict"`
	Media      string `parquet:"media,dict"`
	Person     string `parquet:"person"`
	Topic      string `parquet:"topic,dict"`
	Cause      string `parquet:"cause"`
	Price      int64  `parquet:"price,decimal(9:18)"`
	Offer      int64  `parquet:"offer,decimal(9:18)"`
	Value      int64  `parquet:"value,decimal(9:18)"`
	Auction    string `parquet:"auction,dict"`
	MinToWin   int64  `parquet:"min_to_win,decimal(9:18)"`
	Requests   int64  `parquet:"requests"`
	Bids       int64  `parquet:"bids"`
}

// rowWriter writes rows in some format.
type rowWriter interface {
	write(r *Row) error
	close() error
}

// Export writes the durable events of a stretch of time, in the order in which
// they were accepted, and returns their number. The ledger may be in use.
func (l *Ledger) Export(ctx context.Context, w io.Writer, x Export) (uint64, error) {
	buffered := bufio.NewWriterSize(w, 1<<16)
	rows := newRowWriter(buffered, x.Format)
	from, to := int64(math.MinInt64), int64(math.MaxInt64)
	if !x.From.IsZero() {
		from = x.From.UnixMilli()
	}
	if !x.To.IsZero() {
		to = x.To.UnixMilli()
	}
	first, err := readNumber(l.db, keyFirst)
	if err != nil {
		return 0, l.reading("events", err)
	}
	next := l.durable.Load()
	n := uint64(0)
	err = scanEvents(l.db, first, next, func(seq uint64, e *ad.Event) error {
		if seq%between == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if x.Progress != nil {
				x.Progress(seq-first, next-first)
			}
		}
		if e.Time < from || e.Time >= to {
			return nil
		}
		if x.Each != nil && !x.Each(seq, e) {
			return nil
		}
		n++
		row := l.row(seq, e)
		return rows.write(&row)
	})
	if err == nil {
		err = rows.close()
	}
	if err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		return n, fmt.Errorf("export the ledger: %w", l.advice.Advise(err))
	}
	if x.Progress != nil {
		x.Progress(next-first, next-first)
	}
	return n, nil
}

func (l *Ledger) row(seq uint64, e *ad.Event) Row {
	r := Row{
		Seq: int64(seq), Kind: e.Kind.String(), Detail: detailOf(e),
		Time: e.Time, BidTime: e.BidTime * 1000, Day: e.Day,
		Advertiser: l.TextOf(AdvertiserName, e.Advertiser),
		Campaign:   l.TextOf(CampaignName, e.Campaign),
		LineItem:   l.TextOf(LineName, e.Line),
		Creative:   l.TextOf(CreativeName, e.Creative),
		Exchange:   l.TextOf(ExchangeName, e.Exchange),
		Deal:       l.TextOf(DealName, e.Deal),
		Media:      e.Media.String(),
		Topic:      l.TextOf(TopicName, e.Topic),
		Price:      int64(e.Price), Offer: int64(e.Offer), Value: int64(e.Value), MinToWin: int64(e.Least),
		Auction:  e.Auction.String(),
		Requests: int64(e.Requests), Bids: int64(e.Bids),
	}
	if e.Bid != (ad.BidID{}) {
		r.Bid = e.Bid.String()
	}
	if !e.Person.IsZero() {
		r.Person = e.Person.String()
	}
	if e.Cause != (ad.BidID{}) {
		r.Cause = e.Cause.String()
	}
	return r
}

// TextOf returns the name of an id, the id in hexadecimal for want of one, or nothing for no
// id.
func (l *Ledger) TextOf(kind NameKind, id ad.ID) string {
	if id == 0 {
		return ""
	}
	if text := l.nameOf(nameKey{kind, id}); text != "" {
		return text
	}
	return fmt.Sprintf("%016x", uint64(id))
}

var viewNames = [numViews]string{"", "viewable", "start", "firstQuartile", "midpoint", "thirdQuartile", "complete", ""}

// detailOf returns what was viewed, or the number of a loss reason.
func detailOf(e *ad.Event) string {
	switch {
	case e.Kind == ad.EventView && e.Detail < numViews && viewNames[e.Detail] != "":
		return viewNames[e.Detail]
	case e.Detail != 0:
		return strconv.Itoa(int(e.Detail))
	}
	return ""
}

func newRowWriter(w io.Writer, f Format) rowWriter {
	if f == Parquet {
		return newParquetRows(w)
	}
	return &jsonRows{w: w}
}

// jsonRows writes a JSON object per line.
type jsonRows struct {
	w   io.Writer
	buf []byte
}

// timeFormat is RFC 3339 with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// write leaves out strings that are empty, and counts that are zero.
func (j *jsonRows) write(r *Row) error {
	b := append(j.buf[:0], `{"seq":`...)
	b = strconv.AppendInt(b, r.Seq, 10)
	b = appendText(b, "kind", r.Kind)
	b = appendText(b, "detail", r.Detail)
	b = appendText(b, "bid", r.Bid)
	b = appendTime(b, "time", r.Time)
	b = appendTime(b, "bid_time", r.BidTime)
	b = appendDay(b, "day", r.Day)
	b = appendText(b, "advertiser", r.Advertiser)
	b = appendText(b, "campaign", r.Campaign)
	b = appendText(b, "line_item", r.LineItem)
	b = appendText(b, "creative", r.Creative)
	b = appendText(b, "exchange", r.Exchange)
	b = appendText(b, "deal", r.Deal)
	b = appendText(b, "media", r.Media)
	b = appendText(b, "person", r.Person)
	b = appendText(b, "topic", r.Topic)
	b = appendText(b, "cause", r.Cause)
	b = ad.Money(r.Price).AppendUnits(append(b, `,"price":`...))
	b = ad.Money(r.Offer).AppendUnits(append(b, `,"offer":`...))
	if r.Value != 0 {
		b = ad.Money(r.Value).AppendUnits(append(b, `,"value":`...))
	}
	b = appendText(b, "auction", r.Auction)
	if r.MinToWin != 0 {
		b = ad.Money(r.MinToWin).AppendUnits(append(b, `,"min_to_win":`...))
	}
	if r.Requests != 0 || r.Bids != 0 {
		b = strconv.AppendInt(append(b, `,"requests":`...), r.Requests, 10)
		b = strconv.AppendInt(append(b, `,"bids":`...), r.Bids, 10)
	}
	j.buf = append(b, '}', '\n')
	_, err := j.w.Write(j.buf)
	return err
}

func (j *jsonRows) close() error { return nil }

func appendText(b []byte, key, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, `,"`...), key...), `":`...)
	for i := range len(value) {
		if c := value[i]; c < ' ' || c == '"' || c == '\\' || c > '~' {
			quoted, _ := json.Marshal(value) // a string always can be
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), value...), '"')
}

// appendDay appends a day that is counted from 1970-01-01.
func appendDay(b []byte, key string, day int32) []byte {
	b = append(append(append(b, `,"`...), key...), `":"`...)
	return append(time.Unix(int64(day)*dayMS/1000, 0).UTC().AppendFormat(b, time.DateOnly), '"')
}

func appendTime(b []byte, key string, ms int64) []byte {
	b = append(append(append(b, `,"`...), key...), `":"`...)
	return append(time.UnixMilli(ms).UTC().AppendFormat(b, timeFormat), '"')
}
