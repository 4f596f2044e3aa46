package topic

import "bidwell/internal/conf"

// File is one file of topics/.
type File struct {
	conf.Located
	Topics conf.Map[Spec] `yaml:"topics" conf:"required" doc:"Topics by name, such as automotive/luxury, which lies below automotive."`
}

// Spec is one topic: where it is found. A topic without places is one that
// advertisers name themselves.
type Spec struct {
	conf.Located
	Note       string   `yaml:"note" doc:"What it is, for people."`
	Pages      []string `yaml:"pages" conf:"not-empty" doc:"Sites, each with those below it, such as cars.example, or parts of sites, such as news.example/motor. The longest that fits a page decides."`
	Apps       []string `yaml:"apps" conf:"not-empty" doc:"Bundles of apps."`
	Categories []string `yaml:"categories" conf:"not-empty" doc:"IAB content categories (taxonomy 1.0); IAB2 includes IAB2-2 unless that belongs to another topic."`
}
