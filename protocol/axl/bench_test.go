package axl

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"testing"

	"ctlclient/internal/bench/meter"
	"ctlclient/protocol/internal/pinned"
)

// many makes phones as they are asked for, so that only the client's memory counts.
type many struct {
	*cluster
	total int
}

func (m many) Phones(skip, first int) ([]Phone, int) {
	n := max(min(first, m.total-skip), 0)
	page := make([]Phone, n)
	for i := range page {
		page[i] = m.cluster.phones[0]
		page[i].Name = fmt.Sprintf("SEP%012X", skip+i)
	}
	return page, m.total
}

// heap is what is in use after a collection, in bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestManyPhones: the memory of a list is that of a page, however long the list.
func TestManyPhones(t *testing.T) {
	b := many{newCluster(1), 10_000}
	c := dial(t, NewServer(b))
	var first, most uint64
	seen := 0
	if err := c.Phones(t.Context(), func(page []Phone) error {
		if seen += len(page); seen%2_000 == 0 || first == 0 {
			h := heap()
			if first == 0 {
				first = h
			}
			most = max(most, h)
		}
		return nil
	}); err != nil || seen != b.total {
		t.Fatalf("%d phones, %v", seen, err)
	}
	const slack = 2 << 20 // 10,000 phones kept would be more
	if most > first+slack {
		t.Errorf("%d bytes in use after the first page, %d later", first, most)
	}
}

// keep answers every question with what was answered to it before.
type keep struct{ answers map[string][]byte }

func (k *keep) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	_, _ = w.Write(k.answers[string(body)])
}

// BenchmarkPhones lists 100,000 phones from a server that only sends; "transport" is the
// same bytes over the same connection, not read as XML.
func BenchmarkPhones(b *testing.B) {
	cluster := many{newCluster(1), 100_000}
	k := &keep{answers: map[string][]byte{}}
	server := NewServer(cluster)
	record := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		rec := &recorder{header: w.Header()}
		server.ServeHTTP(rec, r)
		k.answers[string(body)] = rec.body.Bytes()
		_, _ = w.Write(rec.body.Bytes())
	})
	if err := dial(b, record).Phones(b.Context(), func([]Phone) error { return nil }); err != nil {
		b.Fatal(err)
	}
	total := 0
	for _, a := range k.answers {
		total += len(a)
	}
	c := dial(b, k)
	if _, err := c.Version(b.Context()); err != nil {
		b.Fatal(err)
	}
	var list, transport meter.Meter
	for b.Loop() {
		seen := 0
		list.Time(func() {
			if err := c.Phones(b.Context(), func(p []Phone) error { seen += len(p); return nil }); err != nil || seen != cluster.total {
				b.Fatal(seen, err)
			}
		})
		b.StopTimer()
		transport.Time(func() {
			for question := range k.answers {
				if _, err := c.http.Do(b.Context(), pinned.Request{Method: "POST", Path: path, Body: []byte(question)}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.StartTimer()
	}
	b.SetBytes(int64(total))
	list.Report(b, "list")
	transport.Report(b, "transport")
	b.ReportMetric(float64(total)/float64(cluster.total), "bytes/phone")
}
