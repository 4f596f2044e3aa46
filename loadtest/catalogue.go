package loadtest

import "strconv"

// place is a site, an app or a television app in which impressions are sold.
type place struct {
	name, domain   string
	bundle, store  string // apps
	cats           []string
	sections       []string // parts of a site, besides its front page
	keywords       string
	worth          float64 // floors and rival bids relative to the average
	music          bool    // sells audio
	refusesAlcohol bool
}

// PremiumNews is the domain of the premium news site among the generated ones.
const PremiumNews = "morning-herald.example"

var namedSites = []place{
	{name: "Morning Herald", domain: PremiumNews, cats: []string{"IAB12", "IAB12-2"}, sections: []string{"politics", "business", "culture"}, keywords: "news,politics,economy", worth: 2.2},
	{name: "Webmail", domain: "postbox.example", cats: []string{"IAB19-9"}, sections: []string{"inbox"}, keywords: "mail", worth: 0.7},
	{name: "Weather Today", domain: "weather-today.example", cats: []string{"IAB15-10"}, sections: []string{"radar", "10-days"}, keywords: "weather,forecast", worth: 0.8},
	{name: "Auto Journal", domain: "auto-journal.example", cats: []string{"IAB2", "IAB2-16"}, sections: []string{"tests", "classics", "market"}, keywords: "cars,car tests", worth: 1.6},
	{name: "Goal Line", domain: "goal-line.example", cats: []string{"IAB17", "IAB17-12"}, sections: []string{"live", "tables"}, keywords: "football,sport", worth: 1.1},
	{name: "Capital Letter", domain: "capital-letter.example", cats: []string{"IAB13", "IAB3"}, sections: []string{"markets", "funds"}, keywords: "shares,finance", worth: 1.9},
	{name: "Daily Recipe", domain: "daily-recipe.example", cats: []string{"IAB8"}, sections: []string{"baking", "quick"}, keywords: "cooking,recipes", worth: 0.9, refusesAlcohol: true},
	{name: "Bits & Boards", domain: "bits-and-boards.example", cats: []string{"IAB19"}, sections: []string{"phones", "laptops"}, keywords: "computers,phones", worth: 1.2},
	{name: "Far Away", domain: "far-away.example", cats: []string{"IAB20"}, sections: []string{"beaches", "cities"}, keywords: "travel,hotels", worth: 1.4},
	{name: "Parents' Corner", domain: "parents-corner.example", cats: []string{"IAB6"}, sections: []string{"school", "baby"}, keywords: "children,family", worth: 1.0, refusesAlcohol: true},
	{name: "Small Ads", domain: "small-ads.example", cats: []string{"IAB22"}, sections: []string{"cars", "flats"}, keywords: "second hand", worth: 0.8},
	{name: "Home & Garden", domain: "home-and-garden.example", cats: []string{"IAB10"}, sections: []string{"garden", "kitchen"}, keywords: "garden,furniture", worth: 1.0},
}

var apps = []place{
	{name: "Block Garden", domain: "blockgarden.example", bundle: "example.blockgarden", store: "https://play.google.com/store/apps/details?id=example.blockgarden", cats: []string{"IAB9-30"}, worth: 0.8},
	{name: "Weather Today", domain: "weather-today.example", bundle: "example.weathertoday", store: "https://play.google.com/store/apps/details?id=example.weathertoday", cats: []string{"IAB15-10"}, worth: 0.9},
	{name: "Solitaire Evening", domain: "solitaire.example", bundle: "1234567890", store: "https://apps.apple.com/app/id1234567890", cats: []string{"IAB9-30"}, worth: 0.7},
	{name: "Morning Herald", domain: PremiumNews, bundle: "example.morningherald", store: "https://play.google.com/store/apps/details?id=example.morningherald", cats: []string{"IAB12"}, worth: 2.0},
	{name: "Earshot Radio", domain: "earshot.example", bundle: "example.earshot", store: "https://play.google.com/store/apps/details?id=example.earshot", cats: []string{"IAB1-6"}, worth: 1.1, music: true},
	{name: "Running Partner", domain: "running-partner.example", bundle: "987654321", store: "https://apps.apple.com/app/id987654321", cats: []string{"IAB7-18", "IAB17"}, worth: 1.2, music: true},
	{name: "Goal Line", domain: "goal-line.example", bundle: "example.goalline", store: "https://play.google.com/store/apps/details?id=example.goalline", cats: []string{"IAB17-12"}, worth: 1.1},
	{name: "Shopping List", domain: "shopping-list.example", bundle: "example.shoppinglist", store: "https://play.google.com/store/apps/details?id=example.shoppinglist", cats: []string{"IAB22"}, worth: 0.9},
}

var tvApps = []place{
	{name: "Lighthouse TV", domain: "lighthouse-tv.example", bundle: "B00EXAMPLE1", store: "https://www.amazon.com/dp/B00EXAMPLE1", cats: []string{"IAB1-7"}, worth: 5},
	{name: "Goal Line Live", domain: "goal-line.example", bundle: "G19068012345", store: "https://www.samsung.com/appstore/G19068012345", cats: []string{"IAB17"}, worth: 6},
	{name: "Documentary Channel", domain: "documentary.example", bundle: "43465", store: "https://channelstore.roku.com/details/43465", cats: []string{"IAB1-7", "IAB15"}, worth: 4.5},
}

// sitesOf returns n sites: the named ones first, then small ones.
func sitesOf(n int) []place {
	sites := append([]place(nil), namedSites...)
	cats := [][]string{{"IAB1"}, {"IAB9"}, {"IAB14"}, {"IAB18"}, {"IAB16"}, {"IAB5"}, {"IAB24"}}
	for i := len(sites); i < n; i++ {
		no := strconv.Itoa(i)
		sites = append(sites, place{
			name: "Site " + no, domain: "site-" + no + ".example", cats: cats[i%len(cats)],
			sections: []string{"articles", "archive"}, keywords: "misc", worth: 0.5 + float64(i%7)/10,
		})
	}
	return sites[:max(n, 1)]
}

// device is a model with what a browser or an app says of it.
type device struct {
	ua, make, model, os, osv, platform string
	kind, w, h                         int // AdCOM device type
	ratio                              string
}

var desktops = []device{
	{ua: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36", os: "Windows", osv: "10", platform: "Windows", kind: 2, w: 1920, h: 1080, ratio: "1"},
	{ua: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15", make: "Apple", model: "Mac", os: "macOS", osv: "15.5", platform: "macOS", kind: 2, w: 1512, h: 982, ratio: "2"},
	{ua: "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", os: "Linux", platform: "Linux", kind: 2, w: 2560, h: 1440, ratio: "1"},
	{ua: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", os: "Windows", osv: "11", platform: "Windows", kind: 2, w: 1366, h: 768, ratio: "1.25"},
}

var phones = []device{
	{ua: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1", make: "Apple", model: "iPhone15,2", os: "iOS", osv: "18.5", platform: "iOS", kind: 4, w: 393, h: 852, ratio: "3"},
	{ua: "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36", make: "Google", model: "Pixel 9", os: "Android", osv: "15", platform: "Android", kind: 4, w: 412, h: 923, ratio: "2.625"},
	{ua: "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36", make: "Samsung", model: "SM-S921B", os: "Android", osv: "14", platform: "Android", kind: 4, w: 384, h: 832, ratio: "2.8125"},
	{ua: "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148", make: "Apple", model: "iPad14,3", os: "iPadOS", osv: "18.5", platform: "iPadOS", kind: 5, w: 834, h: 1194, ratio: "2"},
}

var televisions = []device{
	{ua: "Mozilla/5.0 (SMART-TV; LINUX; Tizen 8.0) AppleWebKit/537.36 (KHTML, like Gecko) 108.0.5359.1/8.0 TV Safari/537.36", make: "Samsung", model: "QE55", os: "Tizen", osv: "8.0", platform: "Tizen", kind: 3, w: 1920, h: 1080, ratio: "1"},
	{ua: "Roku/DVP-14.5 (14.5.4.5934)", make: "Roku", model: "3941X", os: "Roku OS", osv: "14.5", platform: "Roku", kind: 7, w: 1920, h: 1080, ratio: "1"},
	{ua: "Mozilla/5.0 (Linux; Android 11; AFTKA Build/RS8101) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0 Mobile Safari/537.36", make: "Amazon", model: "AFTKA", os: "Fire OS", osv: "8.1", platform: "Fire OS", kind: 7, w: 3840, h: 2160, ratio: "1"},
}

var blockedCategories = []string{
	"IAB7-39", "IAB7-42", "IAB8-5", "IAB8-18", "IAB9-9", "IAB11-4", "IAB11-5", "IAB14-1", "IAB14-3",
	"IAB17-18", "IAB23", "IAB24", "IAB25", "IAB25-2", "IAB25-3", "IAB25-5", "IAB26", "IAB26-1", "IAB26-2",
}
