package attack

import "strings"

// fixed passes on only those requests that have a text.
type fixed struct {
	Source
	text string
}

func (f fixed) Next() []byte {
	for {
		if b := f.Source.Next(); strings.Contains(string(b), f.text) && !strings.Contains(string(b), `"private_auction":1`) {
			return b
		}
	}
}
