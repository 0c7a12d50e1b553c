package ctlp

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// What a client must not believe ends the connection with ErrProtocol.
func TestClientRefusesAnswers(t *testing.T) {
	get := wire(t, "56 01 07 00 00000001 00000010 10 0000000b", "=CTLFile.tlv")
	file := func(sum, seconds string) []byte {
		return wire(t, "56 01 08 00 00000001 00000056", "01 00000002 0000",
			"10 0000000b", "=CTLFile.tlv", "11 00000003", "=old",
			"12 00000020", sum, "14 00000008", seconds, "13 00000000")
	}
	for name, answer := range map[string][]byte{
		"protocol id":            wire(t, "55 01 08 00 00000001 00000007 01 00000002 0000"),
		"version":                wire(t, "56 02 08 00 00000001 00000007 01 00000002 0000"),
		"type":                   wire(t, "56 01 0a 00 00000001 00000007 01 00000002 0000"),
		"request id":             wire(t, "56 01 08 00 00000002 00000007 01 00000002 0000"),
		"body over 4 KiB":        wire(t, "56 01 08 00 00000001 00001001"),
		"no STATUS":              wire(t, "56 01 08 00 00000001 00000000"),
		"STATUS not first":       wire(t, "56 01 08 00 00000001 0000000c 02 00000000 01 00000002 0000"),
		"STATUS of one byte":     wire(t, "56 01 08 00 00000001 00000006 01 00000001 00"),
		"element past its end":   wire(t, "56 01 08 00 00000001 00000007 01 00000003 0000"),
		"half an element's head": wire(t, "56 01 08 00 00000001 00000009 01 00000002 0000 10 00"),
		"elements missing":       wire(t, "56 01 08 00 00000001 00000007 01 00000002 0000"),
		"digest of other bytes":  file(sumNew, "0000000065920080"),
		"time without end":       file(sumOld, "ffffffffffffffff"),
		"another file": wire(t, "56 01 08 00 00000001 00000055", "01 00000002 0000",
			"10 0000000a", "=CTLFile.tl", "11 00000003", "=old",
			"12 00000020", sumOld, "14 00000008 0000000065920080", "13 00000000"),
	} {
		t.Run(name, func(t *testing.T) {
			c := dialScript(t, [2][]byte{get, answer})
			f, err := c.Get(t.Context(), ctlFile)
			if !errors.Is(err, ErrProtocol) {
				t.Fatalf("%+v, %v; want ErrProtocol", f, err)
			}
			if _, err := c.Get(t.Context(), ctlFile); !errors.Is(err, ErrClosed) {
				t.Errorf("the next request gave %v, want ErrClosed", err)
			}
		})
	}
	t.Run("nothing wrong", func(t *testing.T) {
		c := dialScript(t, [2][]byte{get, file(sumOld, "0000000065920080")})
		if _, err := c.Get(t.Context(), ctlFile); err != nil {
			t.Error(err)
		}
	})
}

// A server of a later version may say more than is known here.
func TestClientSkipsUnknownElements(t *testing.T) {
	c := dialScript(t, [2][]byte{
		wire(t, "56 01 03 00 00000001 00000000"),
		wire(t, "56 01 04 00 00000001 00000035", "01 00000002 0000",
			"c8 00000003 010203",
			"07 00000001 00",
			"08 0000001b", "c9 00000000", "09 00000001", "=p", "0a 00000000", "0b 00000001 00", "cb 00000000"),
	})
	got, err := c.Cluster(t.Context())
	want := Cluster{Nodes: []Node{{Name: "p", Publisher: true}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

// Words from a server are shown to a person: one line, bounded, nothing that a
// terminal obeys.
func TestMessagePrintable(t *testing.T) {
	long := strings.Repeat("x", 3000)
	for in, want := range map[string]string{
		"disk is full\r\n  ": "disk is full",
		"\x1b[31mred\x07":    "\uFFFD[31mred\uFFFD",
		"a\u202eb\xffc":      "a\uFFFDb\uFFFDc",
		long:                 long[:maxMessage] + "…",
	} {
		c := dialScript(t, [2][]byte{
			wire(t, "56 01 11 00 00000001 00000006 07 00000001 01"),
			wire(t, "56 01 12 00 00000001", length(12+len(in)),
				"01 00000002 0008", "02", length(len(in)), "="+in),
		})
		_, err := c.SetMode(t.Context(), true)
		se := wantStatus(t, err, NoSpace)
		if se.Message != want || se.Request != "SET_MODE" {
			t.Errorf("%q of %s, want %q", se.Message, se.Request, want)
		}
	}
}
