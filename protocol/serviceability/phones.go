package serviceability

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"ctlclient/protocol/internal/soap"
)

// MaxPhones is how many phones one answer of RisPort70 holds at most.
const MaxPhones = 1000

// Status of a phone, in Cisco's words.
type Status string

const (
	Registered          Status = "Registered"
	Unregistered        Status = "UnRegistered"
	Rejected            Status = "Rejected"
	PartiallyRegistered Status = "PartiallyRegistered"
	Unknown             Status = "Unknown"
	NotFound            Status = "" // no node has heard of the phone
)

// Registration is what is known of one phone now.
type Registration struct {
	Name         string     // as it was asked for
	Status       Status     // NotFound: everything below is empty
	Node         string     // which node says so
	Reason       int        // Cisco's StatusReason; 0: none
	Model        int        // Cisco's number of the model
	Protocol     string     // "SIP" or "SCCP"
	Load         string     // the firmware that runs
	InactiveLoad string     // the firmware beside it
	Download     string     // "Upgrading", "Successful", "Failed", ...
	Address      netip.Addr // zero: not told
	Web          bool       // its web page is there
	Time         time.Time  // when this came to be, by the node's clock; zero: not told
}

// Batch is what is known of some phones.
type Batch struct {
	Phones []Registration // one for each name, in the order asked
	Silent []string       // nodes that did not answer: a phone there looks like one that is not registered
}

// Of the answer, what is read.
type (
	risAnswer struct {
		Total string    `xml:"selectCmDeviceReturn>SelectCmDeviceResult>TotalDevicesFound"`
		Nodes []risNode `xml:"selectCmDeviceReturn>SelectCmDeviceResult>CmNodes>item"`
	}
	risNode struct {
		Code   string      `xml:"ReturnCode"`
		Name   string      `xml:"Name"`
		Phones []risDevice `xml:"CmDevices>item"`
	}
	risDevice struct {
		Name         string       `xml:"Name"`
		Model        string       `xml:"Model"`
		Web          string       `xml:"Httpd"`
		Status       string       `xml:"Status"`
		Reason       string       `xml:"StatusReason"`
		Time         string       `xml:"TimeStamp"`
		Protocol     string       `xml:"Protocol"`
		Load         string       `xml:"ActiveLoadID"`
		InactiveLoad string       `xml:"InactiveLoadID"`
		Download     string       `xml:"DownloadStatus"`
		Addresses    risAddresses `xml:"IPAddress"`
	}
	risAddresses struct {
		Text  string   `xml:",chardata"` // where older releases put the one address
		Items []string `xml:"item>IP"`
	}
)

// Of the question, every element is qualified.
type (
	risRequest struct {
		StateInfo string      `xml:"ns:StateInfo"`
		Criteria  risCriteria `xml:"ns:CmSelectionCriteria"`
	}
	risCriteria struct {
		Max            int       `xml:"ns:MaxReturnedDevices"`
		Class          string    `xml:"ns:DeviceClass"`
		Model          int       `xml:"ns:Model"`
		Status         string    `xml:"ns:Status"`
		Node           string    `xml:"ns:NodeName"`
		SelectBy       string    `xml:"ns:SelectBy"`
		Items          []risItem `xml:"ns:SelectItems>ns:item"`
		Protocol       string    `xml:"ns:Protocol"`
		DownloadStatus string    `xml:"ns:DownloadStatus"`
	}
	risItem struct {
		Name string `xml:"ns:Item"`
	}
)

// selectByName asks for phones of any kind and state.
func selectByName(names []string) risRequest {
	r := risRequest{Criteria: risCriteria{Max: MaxPhones, Class: "Phone", Model: anyModel, Status: "Any",
		SelectBy: "Name", Protocol: "Any", DownloadStatus: "Any"}}
	for _, name := range names {
		r.Criteria.Items = append(r.Criteria.Items, risItem{name})
	}
	return r
}

// anyModel asks for all models.
const anyModel = 255

// Phones asks for phones by name, in as few questions as RisPort70 allows; each is called
// with the answer to one. Its error ends the questions and is returned.
func (c *Client) Phones(ctx context.Context, names []string, each func(Batch) error) error {
	for names := range slices.Chunk(names, MaxPhones) {
		if err := c.batch(ctx, names, each); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) batch(ctx context.Context, names []string, each func(Batch) error) error {
	var answer risAnswer
	if err := c.call(ctx, risPath, "selectCmDevice", selectByName(names), &answer); err != nil {
		return err
	}
	// A phone under two nodes counts twice, so that a thousand names may be cut.
	if answer.cut() && len(names) > 1 {
		for half := range slices.Chunk(names, (len(names)+1)/2) {
			if err := c.batch(ctx, half, each); err != nil {
				return err
			}
		}
		return nil
	}
	return each(answer.batch(names))
}

// cut says whether phones are missing from the answer for want of room.
func (a *risAnswer) cut() bool {
	n := 0
	for _, node := range a.Nodes {
		n += len(node.Phones)
	}
	total, err := strconv.Atoi(strings.TrimSpace(a.Total))
	return n > 0 && err == nil && total > n || n >= MaxPhones
}

// batch takes for each name what was said last.
func (a *risAnswer) batch(names []string) Batch {
	var b Batch
	latest := map[string]Registration{}
	for _, node := range a.Nodes {
		name := soap.Clean(node.Name)
		if code := strings.TrimSpace(node.Code); code != "Ok" && code != "NotFound" {
			b.Silent = append(b.Silent, name)
		}
		for _, d := range node.Phones {
			r := d.registration(name)
			key := strings.ToUpper(r.Name)
			old, known := latest[key]
			if !known || r.Time.After(old.Time) || r.Time.Equal(old.Time) && r.Status == Registered {
				latest[key] = r
			}
		}
	}
	for _, name := range names {
		r := latest[strings.ToUpper(name)]
		r.Name = name
		b.Phones = append(b.Phones, r)
	}
	return b
}

func (d *risDevice) registration(node string) Registration {
	r := Registration{
		Name: soap.Clean(d.Name), Node: node, Status: Unknown, Reason: number(d.Reason), Model: number(d.Model),
		Protocol: soap.Clean(d.Protocol), Load: soap.Clean(d.Load), InactiveLoad: soap.Clean(d.InactiveLoad), Download: soap.Clean(d.Download),
		Web: strings.TrimSpace(d.Web) == "Yes",
	}
	switch s := Status(strings.TrimSpace(d.Status)); s {
	case Registered, Unregistered, Rejected, PartiallyRegistered:
		r.Status = s
	}
	if seconds := number(d.Time); seconds > 0 {
		r.Time = time.Unix(int64(seconds), 0).UTC()
	}
	for _, text := range append(d.Addresses.Items, d.Addresses.Text) {
		a, err := netip.ParseAddr(strings.TrimSpace(text))
		if err == nil && (!r.Address.IsValid() || a.Is4() && !r.Address.Is4()) {
			r.Address = a
		}
	}
	return r
}

// number of a text; 0 where it is none, or no number of 32 bits.
func number(s string) int {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 32)
	if err != nil {
		return 0
	}
	return int(n)
}
