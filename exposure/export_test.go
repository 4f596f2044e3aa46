package exposure

import "bidwell/ad"

// PerShard is how much one share of the memory holds.
const PerShard = perShard

// ShardOf returns the number of a person's share of the memory.
func ShardOf(p ad.PersonID) int { return int(hashOf(p) >> (64 - shardBits)) }
