package main

import (
	"slices"
	"strings"
	"testing"
)

func TestFiguresAreTheLeastOfWhatGoTestPrints(t *testing.T) {
	f := figures{}
	f.read(`goos: linux
BenchmarkHost/sign-2         	     200	   2403983 ns/op
BenchmarkHost/sign-2         	     200	   1300000 ns/op	  12 B/op
BenchmarkFar/update/17-2     	       1	1083020437 ns/op	  900.5 update-ms
    trips_test.go:39: alt: 34 round trips
    provider_load_linux_test.go:99: 1050 clients in 12.5s, 310 MiB
PASS
`)
	want := figures{
		"Host/sign ns/op": 1300000, "Host/sign B/op": 12, "Far/update/17 ns/op": 1083020437, "Far/update/17 update-ms": 900.5,
		"trips/alt trips": 34, "load MiB": 310, "load s": 12.5,
	}
	if len(f) != len(want) {
		t.Errorf("%v", f)
	}
	for key, v := range want {
		if f[key] != v {
			t.Errorf("%s is %v, want %v", key, f[key], v)
		}
	}
}

func TestCodeIsByOwnerLargestFirst(t *testing.T) {
	sums := map[string]float64{whose("net/http.Get"): 3, whose("ctlclient/ctlbuild.Parse"): 3, whose("crypto/tls.Dial"): 7, whose("sort.Sort"): 1}
	want := []part{
		{"cryptography and TLS of the standard library", 7}, {"network and HTTP of the standard library", 3},
		{"this program's own code", 3}, {"the rest of the standard library", 1},
	}
	if got := largestFirst(sums); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Every row can be written, with its limit, its slope and, when it falls short, its reason.
func TestDocumentSaysWhatFallsShort(t *testing.T) {
	good, bad := figures{}, figures{}
	for _, r := range rows {
		for _, s := range r.sizes {
			good[s.got], bad[s.got] = 1, 1e12
			if s.limit != "" {
				good[s.limit], bad[s.limit] = 1, 1e6
			}
		}
	}
	for _, r := range rows { // a figure of one row is the limit of another
		for _, s := range r.sizes {
			bad[s.got] = 1e12
		}
	}
	text, err := document(machine{}, good, nil)
	if err != nil || strings.Contains(text, "| no |") || strings.Contains(text, "falls short") {
		t.Errorf("%v\n%s", err, text)
	}
	text, err = document(machine{}, bad, nil)
	if err != nil || strings.Count(text, "| no |") < 10 || !strings.Contains(text, "## What falls short") {
		t.Errorf("%v\n%s", err, text)
	}
	delete(good, rows[0].sizes[0].got)
	if _, err := document(machine{}, good, nil); err == nil {
		t.Error("a figure that was not measured is not missed")
	}
}
