package tftp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Packet types of RFC 1350 and RFC 2347.
const (
	opRead  = 1
	opWrite = 2
	opData  = 3
	opAck   = 4
	opError = 5
	opOACK  = 6
)

// A request is longer than this only by mistake or malice (RFC 2347 allows 512
// bytes in all).
const maxRequest = 512

// request is a read request that can be answered.
type request struct {
	name      string // cleaned: no leading separators, no ".." element, "/" between elements
	blockSize int    // 0: not asked for
	wantSize  bool   // tsize
}

// refusal is why a request is not answered with a file; it goes back as an
// error packet.
type refusal struct {
	code    uint16
	message string
}

func (r *refusal) Error() string { return r.message }

// errIgnore: not a request; nothing is sent back to what is not a client.
var errIgnore = errors.New("not a request")

// parseRequest reads the first packet of a transfer:
//
//	opcode u16, file name, NUL, mode, NUL, then option, NUL, value, NUL ...
//
// The error is a *refusal, or errIgnore.
func parseRequest(p []byte) (request, error) {
	var r request
	if len(p) < 2 || len(p) > maxRequest {
		return r, errIgnore
	}
	switch binary.BigEndian.Uint16(p) {
	case opRead:
	case opWrite:
		return r, &refusal{codeAccessViolation, "files are not written over TFTP"}
	default:
		return r, errIgnore
	}
	body := string(p[2:])
	if !strings.HasSuffix(body, "\x00") {
		return r, &refusal{codeIllegal, "malformed request"}
	}
	fields := strings.Split(strings.TrimSuffix(body, "\x00"), "\x00")
	if len(fields) < 2 {
		return r, &refusal{codeIllegal, "malformed request"}
	}
	name, err := cleanName(fields[0])
	if err != nil {
		return r, &refusal{codeAccessViolation, err.Error()}
	}
	r.name = name
	if !strings.EqualFold(fields[1], "octet") {
		return r, &refusal{codeNotDefined, "octet (binary) mode only"}
	}
	for options := fields[2:]; len(options) >= 2; options = options[2:] {
		value, err := strconv.Atoi(options[1])
		if err != nil {
			continue // an option that is not understood is ignored
		}
		switch {
		case strings.EqualFold(options[0], "blksize") && value >= 8 && value <= 65464:
			r.blockSize = min(value, maxBlockSize)
		case strings.EqualFold(options[0], "tsize") && value == 0:
			r.wantSize = true
		}
	}
	return r, nil
}

// cleanName makes a relative name of what a client asks for: phones ask for
// "CTLFile.tlv", others for "/CTLFile.tlv" or "dir\file". A name that would
// leave the folder is refused whatever the file system would make of it.
func cleanName(name string) (string, error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	name = strings.TrimLeft(strings.ReplaceAll(name, `\`, "/"), "/")
	var kept []string
	for _, element := range strings.Split(name, "/") {
		switch {
		case element == "" || element == ".":
		case element == "..", strings.Contains(element, ":"):
			return "", fmt.Errorf("file name leaves the folder")
		default:
			kept = append(kept, element)
		}
	}
	if len(kept) == 0 {
		return "", errors.New("file name is empty")
	}
	return strings.Join(kept, "/"), nil
}

// oack lays out the answer to the options that were granted; nil when there
// were none. The length of an empty file is not told: clients are around that
// take 0 for a mistake.
func (r request) oack(size int64) []byte {
	p := binary.BigEndian.AppendUint16(nil, opOACK)
	if r.blockSize != 0 {
		p = append(p, "blksize\x00"+strconv.Itoa(r.blockSize)+"\x00"...)
	}
	if r.wantSize && size > 0 {
		p = append(p, "tsize\x00"+strconv.FormatInt(size, 10)+"\x00"...)
	}
	if len(p) == 2 {
		return nil
	}
	return p
}

func errorPacket(code uint16, message string) []byte {
	p := binary.BigEndian.AppendUint16(nil, opError)
	p = binary.BigEndian.AppendUint16(p, code)
	return append(append(p, printable(message, 200)...), 0)
}
