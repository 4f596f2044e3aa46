package pacing

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// A state begins with a byte that is its version. Then come the fields as numbers of
// eight bytes, little-endian, and the CRC-32C of everything before it. The second
// version has the fields of a target for the average cost as well.
const (
	stateOfBudget = 1
	stateOfGoal   = 2
)

// ErrState is what errors of Restore wrap.
var ErrState = errors.New("not the state of a pacing controller")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// State returns what has to outlive a restart: κ and what is learned. The account's
// figures are not in it, nor is the plan.
func (c *Controller) State() []byte {
	version := byte(stateOfBudget)
	if c.goal.target > 0 {
		version = stateOfGoal
	}
	fields := c.fields(version)
	b := make([]byte, 0, 1+8*len(fields)+4)
	b = append(b, version)
	for _, f := range fields {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(*f))
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// Restore goes on from a state. Its first tick then only notes what later ones are
// compared with, whatever happened in between. If the state is damaged or of another
// version, the controller stays as it is. What a state says of a target that the plan
// has no more is left, and the other way round.
func (c *Controller) Restore(state []byte) error {
	if len(state) < 5 {
		return fmt.Errorf("%w: %d bytes", ErrState, len(state))
	}
	if state[0] != stateOfBudget && state[0] != stateOfGoal {
		return fmt.Errorf("%w of version %d or %d: it is version %d", ErrState, stateOfBudget, stateOfGoal, state[0])
	}
	body, sum := state[:len(state)-4], binary.LittleEndian.Uint32(state[len(state)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return fmt.Errorf("%w: its checksum is wrong", ErrState)
	}
	restored := *c
	fields := restored.fields(state[0])
	if len(body) != 1+8*len(fields) {
		return fmt.Errorf("%w: %d bytes, not %d", ErrState, len(state), 1+8*len(fields)+4)
	}
	for i, f := range fields {
		*f = math.Float64frombits(binary.LittleEndian.Uint64(body[1+8*i:]))
	}
	if !restored.valid() {
		return fmt.Errorf("%w: its figures make no sense", ErrState)
	}
	restored.compared, restored.spent, restored.target, restored.share, restored.met, restored.arrears = false, 0, 0, 0, 0, 0
	restored.uneven, restored.seen = ratio{}, tick{} // of the last minutes: learned anew in as many
	restored.forecast.ready = false
	restored.kappa = restored.clamp(restored.kappa)
	restored.goal.aim(&restored.plan)
	restored.show(restored.kappa)
	*c = restored
	return nil
}

// fields lists what a state holds, in its order.
func (c *Controller) fields(version byte) []*float64 {
	f := &c.forecast
	list := []*float64{
		&c.kappa, &c.step, &c.err,
		&c.level.a, &c.level.b, &c.paid.a, &c.paid.b, &c.size.a, &c.size.b, &c.delay.a, &c.delay.b, &c.flow.a, &c.flow.b,
		&f.week, &f.today.number,
	}
	for i := range f.seen {
		list = append(list, &f.seen[i], &f.hours[i])
	}
	for h := range f.today.seen {
		list = append(list, &f.today.seen[h], &f.today.hours[h])
	}
	if version == stateOfGoal {
		list = append(list, c.goal.fields()...)
	}
	return list
}

func (c *Controller) valid() bool {
	for _, r := range []ratio{c.level, c.paid, c.size, c.delay, c.flow} {
		if !amount(r.a) || !amount(r.b) {
			return false
		}
	}
	return c.kappa > 0 && amount(c.kappa) && c.step >= stepLeast && c.step <= stepMost &&
		c.err >= lostError && c.err <= mostError && c.forecast.valid() && c.goal.valid()
}
