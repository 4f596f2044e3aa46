package catalogue

import "fmt"

var (
	topics   = []string{"news", "sport", "travel", "technology", "finance", "cooking", "family", "gardening"}
	segments = []string{"frequent-flyer", "new-parent", "home-owner", "sports-fan", "early-adopter", "bargain-hunter", "pet-owner", "student"}
)

// Audience returns the text of the audience with number i. The first ten are of
// every shape; of the first thousand hardly two have the same rule, so that what
// audiences share is what they would share elsewhere.
func Audience(i int) string {
	topic, days, times := topics[i%len(topics)], 3+i%20, 1+i/120
	one := segments[i%len(segments)]
	two, three := segments[(i+1+i/8%3)%len(segments)], segments[(i+4+i/24%3)%len(segments)]
	var rule string
	switch i % 6 {
	case 0:
		rule = fmt.Sprintf(`
  all:
    - lookup: {table: zip_income, key: home.zip, column: band, in: [affluent]}
    - did: {visit: automotive, at_least: %d, within: %dd}
    - has: {owns.car.class: luxury, owns.car.bought: {over: %dy}}
  none:
    - did: {conversion: test-drive, within: %dd}`, 3+i/6%5, 10+i/30%20, 1+i/6%6, 30+i/6%60)
	case 1:
		rule = fmt.Sprintf(`
  all:
    - did: {visit: %s, at_least: %d, within: %dd}`, topic, times, days)
	case 2:
		rule = fmt.Sprintf(`
  any:
    - segment: [%s, %s]
    - did: {visit: %s, at_least: %d, within: %dd}`, one, two, topic, 1+times, 20+days)
	case 3:
		rule = fmt.Sprintf(`
  all:
    - lookup: {table: zip_income, key: home.zip, column: band, in: [affluent, middle]}
    - has: {owns.car.class: [compact, suv, electric], owns.car.bought: {over: %dd}}`, 30+i)
	case 4:
		rule = fmt.Sprintf(`
  all:
    - audience: audience-0
    - did: {visit: %s, at_least: %d, within: %dd}`, topic, times, 10+days)
	case 5:
		rule = fmt.Sprintf(`
  all:
    - segment: [%s, %s, %s]
  none:
    - did: {visit: %s, at_least: %d, within: %dd}`, one, two, three, topic, times, days)
	}
	return fmt.Sprintf("audience: audience-%d\nwho:%s\n", i, rule)
}
