package loadtest

import "slices"

// Postcode is a place where generated people live. The places are real ones;
// what is said of them is made up.
type Postcode struct {
	Zip, City, Region, Country string // Country is ISO 3166-1 alpha-3
	Band                       string // of incomes: affluent, middle or modest
	Lat, Lon                   float64
}

// Postcodes returns all places where generated people live, for a look-up
// table of incomes.
func Postcodes() []Postcode { return slices.Clone(postcodes) }

var postcodes = []Postcode{
	{"82031", "Grünwald", "BY", "DEU", "affluent", 48.04, 11.53},
	{"81679", "München", "BY", "DEU", "affluent", 48.15, 11.61},
	{"61462", "Königstein", "HE", "DEU", "affluent", 50.18, 8.47},
	{"14193", "Berlin", "BE", "DEU", "affluent", 52.48, 13.26},
	{"22587", "Hamburg", "HH", "DEU", "affluent", 53.56, 9.81},
	{"40545", "Düsseldorf", "NW", "DEU", "affluent", 51.23, 6.75},
	{"10115", "Berlin", "BE", "DEU", "middle", 52.53, 13.38},
	{"20095", "Hamburg", "HH", "DEU", "middle", 53.55, 10.00},
	{"50667", "Köln", "NW", "DEU", "middle", 50.94, 6.96},
	{"70173", "Stuttgart", "BW", "DEU", "middle", 48.78, 9.18},
	{"04109", "Leipzig", "SN", "DEU", "middle", 51.34, 12.37},
	{"90402", "Nürnberg", "BY", "DEU", "middle", 49.45, 11.08},
	{"45127", "Essen", "NW", "DEU", "modest", 51.46, 7.01},
	{"28195", "Bremen", "HB", "DEU", "modest", 53.08, 8.81},
	{"47051", "Duisburg", "NW", "DEU", "modest", 51.43, 6.76},
	{"1190", "Wien", "9", "AUT", "affluent", 48.25, 16.34},
	{"1010", "Wien", "9", "AUT", "middle", 48.21, 16.37},
	{"8010", "Graz", "6", "AUT", "middle", 47.07, 15.44},
	{"75016", "Paris", "IDF", "FRA", "affluent", 48.86, 2.28},
	{"69003", "Lyon", "ARA", "FRA", "middle", 45.76, 4.86},
	{"13002", "Marseille", "PAC", "FRA", "modest", 43.30, 5.37},
	{"SW3", "London", "ENG", "GBR", "affluent", 51.49, -0.17},
	{"M1", "Manchester", "ENG", "GBR", "middle", 53.48, -2.23},
	{"B1", "Birmingham", "ENG", "GBR", "modest", 52.48, -1.90},
	{"94027", "Atherton", "CA", "USA", "affluent", 37.46, -122.20},
	{"10021", "New York", "NY", "USA", "affluent", 40.77, -73.96},
	{"33480", "Palm Beach", "FL", "USA", "affluent", 26.71, -80.04},
	{"60601", "Chicago", "IL", "USA", "middle", 41.88, -87.62},
	{"77002", "Houston", "TX", "USA", "middle", 29.76, -95.37},
	{"98101", "Seattle", "WA", "USA", "middle", 47.61, -122.33},
	{"48226", "Detroit", "MI", "USA", "modest", 42.33, -83.05},
	{"70112", "New Orleans", "LA", "USA", "modest", 29.96, -90.08},
}

// countries holds, for each country, how many of a hundred people live there
// and where its postcodes begin and end.
var countries = [...]struct{ share, from, to int }{
	{45, 0, 15}, {7, 15, 18}, {10, 18, 21}, {10, 21, 24}, {28, 24, 32},
}

func postcodeFor(d *dice) *Postcode {
	n := d.below(100)
	for _, c := range countries {
		if n -= c.share; n < 0 {
			return &postcodes[c.from+d.below(c.to-c.from)]
		}
	}
	return &postcodes[0]
}

// country is what differs from country to country in a bid request.
type country struct {
	language, currency, carrier, mccmnc string
	utcOffsetMin                        int
	gdpr                                bool
}

var countryFacts = map[string]*country{
	"DEU": {"de", "EUR", "Telekom.de", "262-01", 60, true},
	"AUT": {"de", "EUR", "A1", "232-01", 60, true},
	"FRA": {"fr", "EUR", "Orange F", "208-01", 60, true},
	"GBR": {"en", "GBP", "EE", "234-30", 0, true},
	"USA": {"en", "USD", "Verizon", "311-480", -300, false},
}
