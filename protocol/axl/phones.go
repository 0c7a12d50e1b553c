package axl

import (
	"context"
	"encoding/xml"
	"strings"

	"ctlclient/message"
	"ctlclient/protocol/internal/soap"
)

// Phone is one phone as the cluster's configuration has it.
type Phone struct {
	Name            string // "SEP0011215A1AE3"
	Product         string // "Cisco 8845"
	Model           string // "Cisco 8845"
	Protocol        string // "SIP" or "SCCP"
	DevicePool      string
	SecurityProfile string
	Load            string // the firmware that is set for this phone alone; empty: the model's
}

type phoneRow struct {
	Name            string `xml:"name"`
	Product         string `xml:"product"`
	Model           string `xml:"model"`
	Protocol        string `xml:"protocol"`
	DevicePool      string `xml:"devicePoolName"`
	Load            string `xml:"loadInformation"`
	SecurityProfile string `xml:"securityProfileName"`
}

// phoneRows is the answer with phones, for encoding/xml by its tags, and as soap.Rows.
type phoneRows struct {
	Phones []phoneRow `xml:"return>phone"`
}

// Forget forgets all rows.
func (r *phoneRows) Forget() { r.Phones = nil }

// Row begins a phone.
func (r *phoneRows) Row(element []byte) bool {
	r.Phones = append(r.Phones, phoneRow{})
	return string(element) == "phone"
}

// Field sets a field of the last phone. A text that the phone before had too, as most
// have its model, is not held twice.
func (r *phoneRows) Field(name, text []byte) bool {
	n := len(r.Phones) - 1
	field := r.Phones[n].field(name)
	if field == nil {
		return false
	}
	if n > 0 {
		if before := r.Phones[n-1].field(name); *before == string(text) {
			*field = *before
			return true
		}
	}
	*field = string(text)
	return true
}

func (p *phoneRow) field(name []byte) *string {
	switch string(name) {
	case "name":
		return &p.Name
	case "product":
		return &p.Product
	case "model":
		return &p.Model
	case "protocol":
		return &p.Protocol
	case "devicePoolName":
		return &p.DevicePool
	case "loadInformation":
		return &p.Load
	case "securityProfileName":
		return &p.SecurityProfile
	}
	return nil
}

// phoneTags in the schema's order.
var phoneTags = []string{"name", "product", "model", "protocol", "devicePoolName", "loadInformation", "securityProfileName"}

// Phones lists the phones whose names begin with SEP, a page at a time: each is called
// with at most DefaultPage of them, which are its own to keep. Its error ends the list
// and is returned. A phone that is added or deleted meanwhile may be missing or come
// twice.
func (c *Client) Phones(ctx context.Context, each func([]Phone) error) error {
	return pages(ctx, func(skip, first int) (int, error) {
		s, f := uint64(skip), uint64(first)
		request := listRequest{Criteria: fields{{"name", "SEP%"}}, Tags: wanted(phoneTags...), Skip: &s, First: &f}
		var answer phoneRows
		if err := c.call(ctx, "listPhone", request, &answer); err != nil {
			return 0, err
		}
		if len(answer.Phones) == 0 {
			return 0, nil
		}
		if len(answer.Phones) > first {
			return 0, message.Errorf("AXL listPhone: %w: %d phones came where at most %d were asked for", ErrMalformed, len(answer.Phones), first)
		}
		page := make([]Phone, len(answer.Phones))
		for i, p := range answer.Phones {
			page[i] = p.phone()
		}
		return len(page), each(page)
	})
}

func (p phoneRow) phone() Phone {
	return Phone{
		Name: soap.Clean(p.Name), Product: soap.Clean(p.Product), Model: soap.Clean(p.Model), Protocol: soap.Clean(p.Protocol),
		DevicePool: soap.Clean(p.DevicePool), SecurityProfile: soap.Clean(p.SecurityProfile), Load: soap.Clean(p.Load),
	}
}

// CountPhones says how many phones Phones will list.
func (c *Client) CountPhones(ctx context.Context) (int, error) {
	rows, err := c.SQL(ctx, sqlCountPhones)
	if err != nil {
		return 0, err
	}
	if len(rows) == 1 {
		if n, ok := number(rows[0]["phones"]); ok {
			return n, nil
		}
	}
	return 0, message.Errorf("AXL executeSQLQuery: %w: no count of phones in %d rows", ErrMalformed, len(rows))
}

// ResetKind is what a phone does.
type ResetKind string

const (
	Reset   ResetKind = "Reset"   // starts anew, as after power is cut
	Restart ResetKind = "Restart" // registers anew and fetches its files
)

// opReset is the one operation that changes something.
const opReset = "doDeviceReset"

type resetRequest struct {
	Name string    `xml:"deviceName"`
	Kind ResetKind `xml:"deviceResetType"`
}

// ResetPhone tells the phone to reset or restart. A phone that is not known is
// fs.ErrNotExist.
func (c *Client) ResetPhone(ctx context.Context, name string, kind ResetKind) error {
	if kind != Reset && kind != Restart {
		return message.Errorf("a phone is not told to %q", kind)
	}
	var answer struct {
		XMLName xml.Name
		Return  string `xml:"return"`
	}
	if err := c.call(ctx, opReset, resetRequest{name, kind}, &answer); err != nil {
		return err
	}
	// Success is what the schema calls success: "true", or the phone's own id.
	if r := strings.TrimSpace(answer.Return); r != "true" && !strings.HasPrefix(r, "{") {
		return message.Errorf("AXL doDeviceReset: %w: it answered %q", ErrMalformed, soap.Clean(r))
	}
	return nil
}
