package ledger

import (
	"io"

	"github.com/parquet-go/parquet-go"
)

// rowGroup is how many rows are held in memory and written at once.
const rowGroup = 100_000

// parquetRows writes an Apache Parquet file.
type parquetRows struct {
	w   *parquet.GenericWriter[Row]
	buf []Row
	n   int // rows of the current group
}

func newParquetRows(w io.Writer) *parquetRows {
	return &parquetRows{w: parquet.NewGenericWriter[Row](w, parquet.Compression(&parquet.Zstd)), buf: make([]Row, 0, 1024)}
}

func (p *parquetRows) write(r *Row) error {
	p.buf = append(p.buf, *r)
	if len(p.buf) < cap(p.buf) {
		return nil
	}
	return p.flush()
}

func (p *parquetRows) flush() error {
	if _, err := p.w.Write(p.buf); err != nil {
		return err
	}
	p.n += len(p.buf)
	clear(p.buf)
	p.buf = p.buf[:0]
	if p.n < rowGroup {
		return nil
	}
	p.n = 0
	return p.w.Flush()
}

func (p *parquetRows) close() error {
	if err := p.flush(); err != nil {
		return err
	}
	return p.w.Close()
}
