package creative

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"

	"bidwell/openrtb"
)

// maxSide bounds the sides of what is configured and of what is filled, in
// pixels. It is beyond any screen.
const maxSide = 16384

var sizeForm = regexp.MustCompile(`^([1-9][0-9]{0,4}) ?[xX×] ?([1-9][0-9]{0,4})$`)

// parseSize reads a size such as 300x250.
func parseSize(s string) (openrtb.Size, bool) {
	m := sizeForm.FindStringSubmatch(s)
	if m == nil {
		return openrtb.Size{}, false
	}
	w, _ := strconv.Atoi(m[1]) // the form bounds them
	h, _ := strconv.Atoi(m[2])
	return openrtb.Size{W: int32(w), H: int32(h)}, w <= maxSide && h <= maxSide
}

// sizes reads the sizes of a banner, the largest first, or that it takes any.
func (k *compiler) sizes(b *BannerSpec) (list []openrtb.Size, any bool) {
	for _, w := range slices.Concat(b.Size, b.Sizes) {
		if w.Value == "any" {
			any = true
			continue
		}
		s, ok := parseSize(w.Value)
		if !ok {
			k.errorf(w.Pos, "write width x height, such as 300x250, or any", "%q is no size", w.Value)
			continue
		}
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	switch {
	case len(b.Size)+len(b.Sizes) == 0:
		k.errorf(b.Pos(), "add size: 300x250, or size: any for markup that fills what it is given", "the banner has no size")
	case any && len(list) > 0:
		k.errorf(b.Pos(), "keep either", "the banner has both sizes and any")
	}
	slices.SortStableFunc(list, func(x, y openrtb.Size) int { return cmp.Compare(area(y.W, y.H), area(x.W, x.H)) })
	return list, any
}

func area(w, h int32) int64 { return int64(w) * int64(h) }

// chooseSize returns the size in which a creative is shown on a banner placement:
// the largest of those on offer that it has. A banner.format that names sizes
// decides alone; w and h are its legacy, used when it is absent.
func (c *Creative) chooseSize(b *openrtb.Banner, d *openrtb.Device, instl, app bool) (w, h int32) {
	named := false
	for i := range b.Sizes {
		sw, sh, ok := c.formatSize(&b.Sizes[i])
		named = named || ok
		if area(sw, sh) > area(w, h) {
			w, h = sw, sh
		}
	}
	switch {
	case named:
		return w, h
	case b.WMin > 0 || b.WMax > 0 || b.HMin > 0 || b.HMax > 0:
		return c.inRange(b)
	case b.W > 0 && b.H > 0:
		return c.exactly(b.W, b.H)
	case b.W > 0 || b.H > 0:
		return c.oneSide(b.W, b.H)
	case !c.AnySize:
		return c.Sizes[0].W, c.Sizes[0].H
	case instl && d.W > 0 && d.H > 0:
		return screen(d)
	case app:
		return 320, 50
	}
	return 300, 250
}

// formatSize returns the size in which the creative is shown for one entry of
// banner.format, 0×0 if in none, and whether the entry says anything.
func (c *Creative) formatSize(s *openrtb.Size) (w, h int32, ok bool) {
	if s.W > 0 && s.H > 0 {
		w, h = c.exactly(s.W, s.H)
		return w, h, true
	}
	if s.WRatio <= 0 || s.HRatio <= 0 {
		return 0, 0, false
	}
	if c.AnySize {
		w, h = atRatio(s)
		return w, h, true
	}
	for _, own := range c.Sizes {
		if own.W >= s.WMin && nearRatio(own.W, own.H, s) {
			return own.W, own.H, true
		}
	}
	return 0, 0, true
}

// nearRatio reports whether a size has a ratio, but for rounding to pixels.
func nearRatio(w, h int32, s *openrtb.Size) bool {
	off := area(w, s.HRatio) - area(h, s.WRatio)
	return max(off, -off) < int64(max(s.WRatio, s.HRatio))
}

// atRatio returns the smallest size of a ratio that is as wide as is asked, or
// 300 if nothing is asked.
func atRatio(s *openrtb.Size) (w, h int32) {
	least := s.WMin
	if least <= 0 {
		least = 300
	}
	if least > maxSide || s.WRatio > maxSide || s.HRatio > maxSide {
		return 0, 0
	}
	n := (least + s.WRatio - 1) / s.WRatio
	if area(n, s.HRatio) > maxSide {
		return 0, 0
	}
	return n * s.WRatio, n * s.HRatio
}

// exactly returns the size if the creative has it.
func (c *Creative) exactly(w, h int32) (int32, int32) {
	if c.AnySize {
		if w > maxSide || h > maxSide {
			return 0, 0
		}
		return w, h
	}
	for _, s := range c.Sizes {
		if s.W == w && s.H == h {
			return w, h
		}
	}
	return 0, 0
}

// inRange serves the old way of asking for sizes, from wmin×hmin to wmax×hmax
// with w×h preferred.
func (c *Creative) inRange(b *openrtb.Banner) (w, h int32) {
	if b.W > 0 && b.H > 0 {
		if w, h = c.exactly(b.W, b.H); w > 0 {
			return w, h
		}
	}
	if c.AnySize {
		w, h = side(b.W, b.WMin, b.WMax, 300), side(b.H, b.HMin, b.HMax, 250)
		if w > maxSide || h > maxSide {
			return 0, 0
		}
		return w, h
	}
	for _, s := range c.Sizes {
		if within(s.W, b.WMin, b.WMax) && within(s.H, b.HMin, b.HMax) {
			return s.W, s.H
		}
	}
	return 0, 0
}

// side returns the wish if it lies within the bounds, else the usual length
// brought within them.
func side(wish, least, most, usual int32) int32 {
	if wish > 0 && within(wish, least, most) {
		return wish
	}
	if most > 0 && usual > most {
		usual = most
	}
	return max(usual, least)
}

func within(v, least, most int32) bool {
	return v >= least && (most <= 0 || v <= most)
}

// usualSizes are those by which a missing side is filled in.
var usualSizes = [...]openrtb.Size{
	{W: 300, H: 250}, {W: 320, H: 50}, {W: 728, H: 90}, {W: 160, H: 600}, {W: 970, H: 250},
	{W: 336, H: 280}, {W: 468, H: 60}, {W: 120, H: 600}, {W: 480, H: 320}, {W: 640, H: 480},
}

// oneSide serves a placement of which one side is known, the other being 0.
func (c *Creative) oneSide(w, h int32) (int32, int32) {
	own := c.Sizes
	if c.AnySize {
		own = usualSizes[:]
	}
	for _, s := range own {
		if (w == 0 || s.W == w) && (h == 0 || s.H == h) {
			return s.W, s.H
		}
	}
	if !c.AnySize {
		return 0, 0
	}
	return c.exactly(max(w, h), max(w, h))
}

// screen returns the size of the device's screen in device-independent pixels.
func screen(d *openrtb.Device) (w, h int32) {
	w, h = d.W, d.H
	if d.PxRatio > 1 && d.PxRatio <= 8 {
		w, h = int32(float64(w)/d.PxRatio), int32(float64(h)/d.PxRatio)
	}
	return min(max(w, 1), maxSide), min(max(h, 1), maxSide)
}
