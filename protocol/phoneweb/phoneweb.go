// Package phoneweb reads the web page of a Cisco phone: which phone it is, and its status
// messages, in which it says what became of a trust list. The pages are known from public
// scrapers and from Cisco's administration guides; they differ by model and are HTML made
// for people, so that reading is tolerant: what is not understood is passed over, and a
// message is given as the phone words it. The server of this package is the page of a
// phone in the practice cluster.
//
// What always holds: nothing but GET is sent, a page has three seconds and is read up to a
// limit, and messages are given only for a page that names the phone that was asked for.
// What a message means is not decided here.
package phoneweb

import (
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"time"

	"ctlclient/message"
	"ctlclient/protocol/httpfile"
	"ctlclient/protocol/internal/pinned"
	"ctlclient/protocol/internal/reach"
	"ctlclient/protocol/internal/tlsconn"
)

const (
	// DefaultTimeout of one page.
	DefaultTimeout = 3 * time.Second

	maxPage    = 256 << 10 // bytes
	maxEntries = 100       // a phone keeps ten or so
	maxText    = 300       // bytes of a message
)

// Options of Read.
type Options struct {
	Timeout   time.Duration // of one page; 0: DefaultTimeout
	HTTPPort  int           // 0: 80
	HTTPSPort int           // tried where the other is closed; 0: 443; below 0: none
}

// Entry is one status message. Newer ones come later.
type Entry struct {
	Time string // as the phone writes it, without brackets: "10:32:15am 03/09/15", "10:32:15a"
	Text string // as the phone words it, in its language, one line
}

// Device is what the page says of the phone itself. What it does not say is empty.
type Device struct {
	Name   string // "SEP0011215A1AE3"
	Model  string // "CP-8845"
	Load   string // its firmware
	Serial string
}

// Page is what was read of a phone.
type Page struct {
	Device  Device
	Entries []Entry
}

// ErrUnreadable: an answer that is no page of a phone that we know, or does not name it.
var ErrUnreadable = message.NewError("not the page of a phone that is known here")

// OtherPhoneError: another phone answers under this address.
type OtherPhoneError struct{ Want, Got string }

// Error is Said in English.
func (e *OtherPhoneError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *OtherPhoneError) Said() error {
	return message.Errorf("%s answers where %s was expected", e.Got, e.Want)
}

// Hints name the next action.
func (e *OtherPhoneError) Hints() []message.Message {
	return message.Hint("the address is out of date: read the phones' addresses again")
}

// family is where models have their pages.
type family struct{ device, messages string }

// families in the order in which they are tried where nothing is known of the model.
var families = []family{
	{"/CGI/Java/Serviceability?adapter=device.statistics.device", "/CGI/Java/Serviceability?adapter=device.settings.status.messages"}, // most
	{"/DeviceInformation", "/DeviceLog?2"}, // 7940, 7960
	{"/", "/status.html"},                  // 6921 and kin
	{"/", "/stat.html"},                    // others of these
	{"/", "/localmenus.cgi?func=604"},      // 7937
}

// modelNumber is the four digits of "Cisco 7962G" or "CP-8845"; empty: there are none.
func modelNumber(model string) string {
	for run := range strings.FieldsFuncSeq(model, func(r rune) bool { return r < '0' || r > '9' }) {
		if len(run) == 4 {
			return run
		}
	}
	return ""
}

// likely puts the family of a model first.
func likely(model string) []family {
	first := 0
	switch digits := modelNumber(model); {
	case digits == "7940" || digits == "7960":
		first = 1
	case strings.HasPrefix(digits, "69"):
		first = 2
	case digits == "7937":
		first = 4
	}
	list := []family{families[first]}
	for i, f := range families {
		if i != first {
			list = append(list, f)
		}
	}
	return list
}

// Read asks the phone name ("SEP" and 12 digits) at host, a name or address, for its page;
// model may be empty and only says which page to try first. A phone without a page, which
// is what phones are delivered as, is a connection that fails.
func Read(ctx context.Context, host, name, model string, o Options) (Page, error) {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.HTTPPort == 0 {
		o.HTTPPort = 80
	}
	if o.HTTPSPort == 0 {
		o.HTTPSPort = 443
	}
	r := &reader{options: o, host: host}
	defer r.close()
	for _, f := range likely(model) {
		messages, err := r.get(ctx, f.messages)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Page{}, err
		}
		device, err := r.get(ctx, f.device)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Page{}, err
		}
		page := Page{Device: parseDevice(device), Entries: parseEntries(messages)}
		if page.Device.Name == "" {
			page.Device.Name = parseDevice(messages).Name
		}
		switch {
		case page.Device.Name == "":
			return Page{}, message.Errorf("phone at %s: %w", host, ErrUnreadable)
		case !strings.EqualFold(page.Device.Name, name):
			return Page{}, &OtherPhoneError{Want: name, Got: page.Device.Name}
		}
		return page, nil
	}
	return Page{}, message.Errorf("phone at %s: %w", host, ErrUnreadable)
}

// reader gets the pages of one phone, by HTTP or, where that is closed, by HTTPS.
type reader struct {
	options Options
	host    string
	tls     *pinned.Client
}

func (r *reader) close() {
	if r.tls != nil {
		_ = r.tls.Close() // a connection that was only read from
	}
}

func (r *reader) get(ctx context.Context, path string) ([]byte, error) {
	if r.tls == nil {
		data, err := r.plain(ctx, path)
		if !r.closed(ctx, err) {
			return data, err
		}
		if err := r.switchToTLS(); err != nil {
			return nil, err
		}
	}
	response, err := r.tls.Do(ctx, pinned.Request{Path: path, MaxBody: maxPage})
	if err != nil {
		return nil, err
	}
	return response.Body, nil
}

func (r *reader) plain(ctx context.Context, path string) ([]byte, error) {
	whole := ctx
	ctx, cancel := context.WithTimeout(ctx, r.options.Timeout)
	defer cancel()
	data, err := httpfile.Get(ctx, "http://"+net.JoinHostPort(r.host, strconv.Itoa(r.options.HTTPPort))+path, maxPage)
	if err != nil && whole.Err() == nil && ctx.Err() != nil {
		err = &reach.Error{Addr: net.JoinHostPort(r.host, strconv.Itoa(r.options.HTTPPort)), Err: ctx.Err()}
	}
	return data, err
}

// closed says whether HTTPS is worth a try: HTTP is refused, or leads there. A phone that
// does not answer at all will not answer on another port either.
func (r *reader) closed(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil || r.options.HTTPSPort < 0 || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	_, status := errors.AsType[*httpfile.StatusError](err)
	return !status && !errors.Is(err, httpfile.ErrTooLarge)
}

// switchToTLS: the phone's certificate is accepted whatever it is. Nothing secret is sent
// or decided by what is read, and the page must name the phone.
func (r *reader) switchToTLS() error {
	c, err := pinned.New("phone", net.JoinHostPort(r.host, strconv.Itoa(r.options.HTTPSPort)), pinned.Options{
		VerifyPeer: tlsconn.VerifyFunc(func(*x509.Certificate, []byte) error { return nil }),
		Legacy:     true, Timeout: r.options.Timeout,
	})
	r.tls = c
	return err
}
