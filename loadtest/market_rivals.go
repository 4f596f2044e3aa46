package loadtest

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Rivals are the other bidders of an auction. Each one's bid is drawn from a
// distribution around a median; who bids below the floor is out. Medians differ
// by segment: the format of the ad and the first category of the site or app.
type Rivals struct {
	Most   int     // an auction has 0 to Most of them
	Median float64 // of their bids for a banner: a CPM in the house currency
	Sigma  float64 // of the logarithm; 0 makes all bid the median
	Spread float64 // sigma of the logarithm of the segments' medians; 0 makes all segments alike
	Gamma  bool    // bids have the gamma distribution with the same mean and variance, not the log-normal
	Seed   uint64  // of the segments' medians

	// Prices says, in place of all of the above, how the highest rival bid is
	// distributed.
	Prices *Prices
}

// usualRivals is what a Config has that says nothing of rivals.
var usualRivals = Rivals{Most: 4, Median: 1.2, Sigma: 0.7}

// mediaWorth is how much more than a banner rivals bid for other media.
var mediaWorth = map[string]float64{"banner": 1, "native": 1.2, "audio": 2, "video": 4}

func (r *Rivals) check() error {
	if r.Prices != nil {
		return nil
	}
	for _, v := range [...]float64{r.Median, r.Sigma, r.Spread} {
		if !(v >= 0) || v > 1e6 {
			return fmt.Errorf("median, sigma and spread of rival bids must be numbers from 0 on, not %v", v)
		}
	}
	if r.Most < 0 || r.Sigma > 5 || r.Spread > 5 {
		return errors.New("an auction cannot have fewer than 0 rivals, nor bids or segments a sigma above 5")
	}
	return nil
}

// best draws the rivals' bids for one slot and returns the highest that is at
// least the floor, else 0; in the house currency.
func (r *Rivals) best(media, format, category string, floor float64, rnd *rand.Rand) float64 {
	if r.Prices != nil {
		if price := r.Prices.of(format, category).at(rnd.Float64()); price >= floor {
			return price
		}
		return 0
	}
	median := r.Median * mediaWorth[media]
	if r.Spread > 0 {
		median *= math.Exp(r.Spread * normalOf(mix(mix(r.Seed, nameOf(format)), nameOf(category))))
	}
	median = max(median, 1.3*floor)
	best := 0.0
	for range rnd.IntN(r.Most + 1) {
		if bid := r.draw(median, rnd); bid >= floor {
			best = max(best, bid)
		}
	}
	return best
}

func (r *Rivals) draw(median float64, rnd *rand.Rand) float64 {
	if !r.Gamma || r.Sigma == 0 {
		return median * math.Exp(r.Sigma*rnd.NormFloat64())
	}
	shape := 1 / math.Expm1(r.Sigma*r.Sigma)
	return median * math.Exp(r.Sigma*r.Sigma/2) / shape * gamma(shape, rnd)
}

// gamma draws from the gamma distribution with scale 1, by the method of Marsaglia
// and Tsang, A simple method for generating gamma variables (ACM TOMS 26/3, 2000).
func gamma(shape float64, rnd *rand.Rand) float64 {
	if shape < 1 {
		return gamma(shape+1, rnd) * math.Pow(1-rnd.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := rnd.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v *= v * v
		if math.Log(1-rnd.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// Prices are distributions of the highest rival bid, by segment. It is immutable.
type Prices struct {
	curves map[[2]string]quantileCurve // by format and category; "*" is any
}

// quantileCurve is a distribution by some of its quantiles, straight in between.
type quantileCurve []quantilePoint

type quantilePoint struct{ share, price float64 }

// ReadPrices reads quantiles of the highest rival bid from CSV: a header
// "segment,quantile,cpm", then a row for each quantile. A segment is a format and
// a category, such as "300x250/IAB12", "video/*" or "*/*"; the most exact one
// counts, of two equally exact ones that with the format. The price is in the
// house currency, and 0 says that nobody else bids.
func ReadPrices(r io.Reader) (*Prices, error) {
	in := csv.NewReader(r)
	in.FieldsPerRecord, in.TrimLeadingSpace, in.Comment = 3, true, '#'
	head, err := in.Read()
	if err != nil || !slices.Equal(head, []string{"segment", "quantile", "cpm"}) {
		return nil, fmt.Errorf("rival prices begin with the line segment,quantile,cpm, not %q (%w)", strings.Join(head, ","), cmp.Or(err, errNoPrices))
	}
	p := &Prices{curves: map[[2]string]quantileCurve{}}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("rival prices: %w", err)
		}
		if err := p.add(row); err != nil {
			line, _ := in.FieldPos(0)
			return nil, fmt.Errorf("rival prices, line %d: %w", line, err)
		}
	}
	for segment, c := range p.curves {
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("rival prices of %s/%s: %w", segment[0], segment[1], err)
		}
	}
	if _, ok := p.curves[anySegment]; !ok {
		return nil, fmt.Errorf("rival prices: no row of the segment */*, which stands for all others (%w)", errNoPrices)
	}
	return p, nil
}

var errNoPrices = errors.New("see the file formats")

var anySegment = [2]string{"*", "*"}

func (p *Prices) add(row []string) error {
	format, category, ok := strings.Cut(row[0], "/")
	if !ok || format == "" || category == "" {
		return fmt.Errorf("%q is no segment such as 300x250/IAB12 or video/*", row[0])
	}
	share, err := strconv.ParseFloat(row[1], 64)
	if err != nil || !(share >= 0 && share <= 1) {
		return fmt.Errorf("quantile %q is no number from 0 to 1", row[1])
	}
	price, err := strconv.ParseFloat(row[2], 64)
	if err != nil || !(price >= 0 && price <= 1e6) {
		return fmt.Errorf("price %q is no CPM", row[2])
	}
	segment := [2]string{format, category}
	p.curves[segment] = append(p.curves[segment], quantilePoint{share, price})
	return nil
}

func (c quantileCurve) check() error {
	slices.SortStableFunc(c, func(a, b quantilePoint) int { return cmp.Compare(a.share, b.share) })
	for i := 1; i < len(c); i++ {
		switch {
		case c[i].share == c[i-1].share:
			return fmt.Errorf("quantile %v is there twice", c[i].share)
		case c[i].price < c[i-1].price:
			return fmt.Errorf("quantile %v is %v, less than quantile %v", c[i].share, c[i].price, c[i-1].share)
		}
	}
	return nil
}

// of returns the distribution that counts for a segment.
func (p *Prices) of(format, category string) quantileCurve {
	for _, segment := range [...][2]string{{format, category}, {format, "*"}, {"*", category}} {
		if c := p.curves[segment]; c != nil {
			return c
		}
	}
	return p.curves[anySegment]
}

// at returns the quantile of a share; outside of the points, that of the nearest.
func (c quantileCurve) at(share float64) float64 {
	i, _ := slices.BinarySearchFunc(c, share, func(p quantilePoint, s float64) int { return cmp.Compare(p.share, s) })
	switch i {
	case 0:
		return c[0].price
	case len(c):
		return c[i-1].price
	}
	a, b := c[i-1], c[i]
	return a.price + (b.price-a.price)*(share-a.share)/(b.share-a.share)
}
