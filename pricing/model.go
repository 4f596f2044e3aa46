package pricing

// Model is everything that has been learned for prices, as of one moment. It is
// immutable and safe for concurrent use.
type Model struct {
	Responses *Responses
	Market    *Market
}

// Nothing returns the model that knows nothing: chances are priors, and bids are not
// shaded.
func Nothing() *Model {
	return &Model{Responses: NewTrainer().Publish(nil), Market: new(Market)}
}
