package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"ctlclient/message"
	"ctlclient/token"
	"ctlclient/workflow"
)

// jsonUI writes every event as a line of its own on standard output. Questions are
// asked on the terminal all the same, if there is one.
type jsonUI struct{ app *app }

// Event writes one line.
func (u *jsonUI) Event(e workflow.Event) {
	line, err := json.Marshal(eventOf(e))
	if err != nil {
		return // an event is plain data; a UI has no one to tell
	}
	u.app.encode.Lock()
	defer u.app.encode.Unlock()
	fmt.Fprintf(u.app.out, "%s\n", escaped(line))
}

// eventJSON is an event as scripts read it.
type eventJSON struct {
	Type    workflow.EventType `json:"type"`
	Time    time.Time          `json:"time"`
	Job     string             `json:"job,omitempty"`
	Step    string             `json:"step,omitempty"`
	State   string             `json:"state,omitempty"`
	Node    string             `json:"node,omitempty"`
	Message string             `json:"message,omitempty"`
	Done    int                `json:"done,omitempty"`
	Total   int                `json:"total,omitempty"`
	Data    any                `json:"data,omitempty"`
}

type tvsJSON struct {
	Token string `json:"token"`
	Valid bool   `json:"valid"`
	TTL   int    `json:"ttl_seconds"`
}

type errandJSON struct {
	File  string   `json:"file,omitempty"`
	Name  string   `json:"name,omitempty"`
	Page  string   `json:"page,omitempty"`
	Steps []string `json:"steps,omitempty"`
	Done  bool     `json:"done"`
}

type sumsJSON struct {
	MD5  string `json:"md5"`
	SHA1 string `json:"sha1"`
}

// scripted is how messages are said to scripts: in English, with commands for actions.
var scripted = message.Voice{Word: (&app{language: func() *message.Language { return nil }}).command}

// texts are messages as scripts read them.
func texts(ms []message.Message) []string {
	var out []string
	for _, m := range ms {
		out = append(out, scripted.Say(m))
	}
	return out
}

func eventOf(e workflow.Event) eventJSON {
	j := eventJSON{Type: e.Type, Time: e.Time, Job: e.Job, Step: e.Step, State: e.State, Node: e.Node, Message: e.Message, Done: e.Done, Total: e.Total}
	switch {
	case e.TVS != nil:
		j.Data = tvsJSON{e.TVS.Token, e.TVS.Valid, int(e.TVS.TTL.Seconds())}
	case e.Errand != nil:
		j.Data = errandJSON{e.Errand.File, e.Errand.Name, e.Errand.Page, texts(e.Errand.Steps), e.Errand.Done}
	case e.Sums != nil:
		j.Data = sumsJSON{e.Sums.MD5, e.Sums.SHA1}
	}
	return j
}

func (u *jsonUI) flush() {}

// PIN is asked as in text.
func (u *jsonUI) PIN(ctx context.Context, r token.PINRequest) ([]byte, error) {
	return (&questions{app: u.app}).PIN(ctx, r)
}

// Password is asked as in text.
func (u *jsonUI) Password(ctx context.Context, node, user string) ([]byte, error) {
	return (&questions{app: u.app}).Password(ctx, node, user)
}

// Identity is asked as in text.
func (u *jsonUI) Identity(ctx context.Context, node, kind, fingerprint string) (bool, error) {
	return (&questions{app: u.app}).Identity(ctx, node, kind, fingerprint)
}

// IdentityChanged is asked as in text.
func (u *jsonUI) IdentityChanged(ctx context.Context, node, kind, known, fingerprint string) (bool, error) {
	return (&questions{app: u.app}).IdentityChanged(ctx, node, kind, known, fingerprint)
}

// Confirm is asked as in text.
func (u *jsonUI) Confirm(ctx context.Context, c workflow.Confirmation) (bool, error) {
	return (&questions{app: u.app}).Confirm(ctx, c)
}
