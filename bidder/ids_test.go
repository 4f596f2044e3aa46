package bidder

import (
	"sync"
	"testing"

	"bidwell/ad"
)

// TestBidIDs makes ids with several scratches at once: none is made twice, those of one
// scratch name eight shards of a book and no other scratch's, and a scratch that goes to
// another bidder takes no ids along.
func TestBidIDs(t *testing.T) {
	const scratches, each = idHomes, 10_000
	var s, other idSource
	var made [scratches][]ad.BidID
	var wg sync.WaitGroup
	for i := range scratches {
		wg.Go(func() {
			var b idBlock
			other.id(&b)
			for range each {
				made[i] = append(made[i], s.id(&b))
			}
		})
	}
	wg.Wait()
	seen, owner := map[ad.BidID]bool{}, map[byte]int{}
	for i := range made {
		shards := map[byte]bool{}
		for _, id := range made[i] {
			if seen[id] {
				t.Fatalf("%s is made twice", id)
			}
			seen[id] = true
			shard := id[idHomeByte] % (idHomes * idHomes)
			shards[shard] = true
			if of, taken := owner[shard]; taken && of != i {
				t.Fatalf("shard %d is that of scratches %d and %d", shard, of, i)
			}
			owner[shard] = i
		}
		if len(shards) != idHomes {
			t.Errorf("the ids of scratch %d name %d shards, want %d", i, len(shards), idHomes)
		}
	}
}
