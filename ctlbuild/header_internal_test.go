package ctlbuild

import (
	"bytes"
	"testing"
	"time"
)

// The length that is reckoned before a header is laid out is the length that it then has, as
// HEADERLENGTH says it: what would not fit is refused by the first.
func TestReckonedLength(t *testing.T) {
	for name := range 9 {
		for modulus := range modulusBytes {
			s := headerSpec{
				version: [2]byte{1, 2}, signerName: bytes.Repeat([]byte{'a'}, name), serial: []byte{1, 2, 3}, caName: []byte("b\x00"),
				digest: SHA1, modulus: uint8(modulus), fileName: CTLFileName, time: time.Unix(0, 0),
			}
			for range 2 {
				header, sigAt := s.build()
				if got := len(header) + tlvHead + modulusBytes[modulus]; got != s.length() || got%4 != 0 || sigAt >= len(header) {
					t.Errorf("%d bytes are laid out, %d reckoned", got, s.length())
				}
				s.signerVersion = [2]byte{1, 1}
				s.unknown = []Field{{42, []byte("xyz")}, {43, nil}}
				s.unknownInside = []ContainedField{{tagSignerID, Field{44, []byte("z")}}, {tagSignatureAlgoInfo, Field{45, nil}}}
			}
		}
	}
}
