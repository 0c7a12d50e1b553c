package tftp

import (
	"errors"
	"strings"
	"testing"
)

func TestParseRequest(t *testing.T) {
	const rrq = "\x00\x01"
	for _, test := range []struct {
		packet string
		want   request
		code   int // of the refusal; -1: ignored, -2: none
	}{
		{rrq + "CTLFile.tlv\x00octet\x00", request{name: "CTLFile.tlv"}, -2},
		{rrq + "CTLFile.tlv\x00OCTET\x00", request{name: "CTLFile.tlv"}, -2},
		{rrq + "/CTLFile.tlv\x00octet\x00", request{name: "CTLFile.tlv"}, -2},
		{rrq + "dir\\sub/./f\x00octet\x00", request{name: "dir/sub/f"}, -2},
		{rrq + "f\x00octet\x00blksize\x001428\x00tsize\x000\x00", request{"f", 1428, true}, -2},
		{rrq + "f\x00octet\x00BLKSIZE\x0065464\x00", request{name: "f", blockSize: maxBlockSize}, -2},
		{rrq + "f\x00octet\x00blksize\x007\x00timeout\x003\x00", request{name: "f"}, -2},
		{rrq + "f\x00octet\x00blksize\x00many\x00odd\x00", request{name: "f"}, -2},
		{rrq + "f\x00netascii\x00", request{}, codeNotDefined},
		{rrq + "f\x00octet", request{}, codeIllegal},
		{rrq + "f\x00", request{}, codeIllegal},
		{rrq + "\x00octet\x00", request{}, codeAccessViolation},
		{rrq + "/\x00octet\x00", request{}, codeAccessViolation},
		{rrq + "../f\x00octet\x00", request{}, codeAccessViolation},
		{rrq + "a\\..\\..\\f\x00octet\x00", request{}, codeAccessViolation},
		{rrq + "C:f\x00octet\x00", request{}, codeAccessViolation},
		{rrq + "a\x1bf\x00octet\x00", request{}, codeAccessViolation},
		{rrq + strings.Repeat("f", 256) + "\x00octet\x00", request{}, codeAccessViolation},
		{"\x00\x02f\x00octet\x00", request{}, codeAccessViolation},
		{"\x00\x04\x00\x01", request{}, -1},
		{"\x00", request{}, -1},
		{"", request{}, -1},
		{rrq + strings.Repeat("f", maxRequest), request{}, -1},
	} {
		got, err := parseRequest([]byte(test.packet))
		code := -2
		var refused *refusal
		switch {
		case errors.As(err, &refused):
			code = int(refused.code)
		case errors.Is(err, errIgnore):
			code = -1
		case err != nil:
			t.Errorf("%q: %v", test.packet, err)
		}
		if code != test.code || err == nil && got != test.want {
			t.Errorf("%q: %+v, code %d; want %+v, code %d", test.packet, got, code, test.want, test.code)
		}
	}
}

// What is accepted names a file inside the folder, and asking for that name
// again gives the same request.
func FuzzParseRequest(f *testing.F) {
	f.Add([]byte("\x00\x01CTLFile.tlv\x00octet\x00"))
	f.Add([]byte("\x00\x01/dir\\f\x00octet\x00blksize\x001428\x00tsize\x000\x00"))
	f.Add([]byte("\x00\x01../f\x00octet\x00"))
	f.Add([]byte("\x00\x02f\x00netascii\x00"))
	f.Fuzz(func(t *testing.T, packet []byte) {
		r, err := parseRequest(packet)
		if err != nil {
			var refused *refusal
			if !errors.As(err, &refused) && !errors.Is(err, errIgnore) {
				t.Fatalf("unexpected error %v", err)
			}
			return
		}
		if r.name == "" || strings.HasPrefix(r.name, "/") || strings.ContainsAny(r.name, "\\:\x00") {
			t.Fatalf("name %q", r.name)
		}
		for element := range strings.SplitSeq(r.name, "/") {
			if element == "" || element == "." || element == ".." {
				t.Fatalf("name %q", r.name)
			}
		}
		if r.blockSize != 0 && (r.blockSize < 8 || r.blockSize > maxBlockSize) {
			t.Fatalf("block size %d", r.blockSize)
		}
		again, err := parseRequest([]byte("\x00\x01" + r.name + "\x00octet\x00"))
		if err != nil || again.name != r.name {
			t.Fatalf("%q came back as %q, %v", r.name, again.name, err)
		}
	})
}
