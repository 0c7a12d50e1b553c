package soap

import (
	"context"
	"errors"
	"io/fs"
	"net/http"

	"ctlclient/protocol/internal/pinned"
)

// Call asks: it posts body, an envelope's element, to path and reads the answer's
// element name into v. What only reads is asked again where the connection breaks. A fault is a *Fault, whatever its status code; any other status
// is a *pinned.StatusError. Where the server no longer knows our session (404 to a
// cookie of its own), a new one is begun, once: the request was not carried out.
func Call(ctx context.Context, c *pinned.Client, path, action string, body []byte, reads bool, name string, v any) error {
	q := pinned.Request{
		Method: http.MethodPost,
		Path:   path,
		Header: http.Header{"Content-Type": {"text/xml; charset=utf-8"}, "Accept": {"text/xml"}},
		Body:   Envelope(body),
		Again:  reads,
	}
	if action != "" {
		q.Header["SOAPAction"] = []string{`"` + action + `"`}
	}
	session := c.HasCookies(path)
	response, err := c.Do(ctx, q)
	if errors.Is(err, fs.ErrNotExist) && session {
		c.ForgetCookies()
		response, err = c.Do(ctx, q)
	}
	if response == nil {
		return err
	}
	if err != nil && response.Code != http.StatusUnauthorized && response.Code != http.StatusForbidden {
		var fault *Fault
		if errors.As(Decode(response.Body, name, v), &fault) {
			return fault
		}
	}
	if err != nil {
		return err
	}
	return Decode(response.Body, name, v)
}
