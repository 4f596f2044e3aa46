package inventory

// Taking reports whether a request was taken and is not kept yet.
func (s *Sample) Taking() bool { return s.next.Load() == never }
