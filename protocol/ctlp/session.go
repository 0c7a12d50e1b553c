package ctlp

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"time"

	"ctlclient/protocol/internal/serve"
)

// session is one connection of a server.
type session struct {
	*Server
	raw      net.Conn
	conn     *tls.Conn
	address  string // for the log
	source   string // for the brute-force rule
	name     string // of the user, as it came
	user     string // the same for the log
	loggedIn bool
	ending   bool // after this answer
	stages   map[StageID]string

	holdsBulk bool // a place for a long message
}

// handle answers one connection's requests, one at a time, until it ends; then
// what it staged goes too.
func (s *Server) handle(raw net.Conn) {
	ss := &session{
		Server:  s,
		raw:     raw,
		conn:    tls.Server(raw, s.tls),
		address: raw.RemoteAddr().String(),
		source:  serve.Source(raw.RemoteAddr()),
		stages:  make(map[StageID]string),
	}
	defer ss.dropStages()
	err := ss.serve()
	if errors.Is(err, ErrProtocol) {
		s.o.Log("protocol-error", "address", ss.address, "error", err.Error())
	}
}

func (ss *session) serve() error {
	for !ss.ending {
		if err := ss.turn(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
	// The notice of closing is a courtesy to a peer that leaves as well.
	_ = ss.conn.Close()
	return nil
}

// turn reads one request and answers it; io.EOF: there is none any more.
func (ss *session) turn() error {
	defer ss.freeBulk()
	if err := ss.conn.SetDeadline(ss.patience()); err != nil {
		return err
	}
	limit := uint32(limitBeforeLogin)
	if ss.loggedIn {
		limit = limitAfterLogin
	}
	head, err := format.ReadHead(ss.conn, limit)
	if err != nil {
		return err
	}
	if head.Length > smallMessage {
		if err := ss.takeBulk(); err != nil {
			return err
		}
		if err := ss.conn.SetDeadline(ss.patience()); err != nil {
			return err
		}
	}
	f, err := head.ReadBody(ss.conn)
	if err != nil {
		return err
	}
	in := fromFrame(f)
	out, err := ss.answer(in)
	if in.typ == typeLogin {
		clear(in.body)
	}
	if err != nil {
		return err
	}
	if err := ss.conn.SetDeadline(ss.patience()); err != nil {
		return err
	}
	_, err = ss.conn.Write(out.bytes())
	return err
}

func (ss *session) dropStages() {
	for id, name := range ss.stages {
		err := ss.store.Abort(id)
		if StatusOf(err) == NotFound {
			continue
		}
		ss.log("abort", err, "name", name, "reason", "connection ended")
	}
}

// log tells the audit log of an event in this session, and how it ended.
func (ss *session) log(event string, err error, kv ...any) {
	kv = append([]any{"address", ss.address, "user", ss.user}, kv...)
	if err != nil {
		kv = append(kv, "status", uint16(toStatus(err).Status), "error", err.Error())
	} else {
		kv = append(kv, "status", uint16(OK))
	}
	ss.o.Log(event, kv...)
}

// toStatus is the answer that an error becomes.
func toStatus(err error) *StatusError {
	var se *StatusError
	if errors.As(err, &se) {
		return se
	}
	return &StatusError{Status: Internal, Message: err.Error()}
}

// answer runs one request. An error ends the connection without an answer.
func (ss *session) answer(f wireMessage) (wireMessage, error) {
	es, err := parse(f.body)
	if err != nil {
		return wireMessage{}, err
	}
	var b builder
	b.u16(tagStatus, uint16(OK))
	if err := ss.dispatch(f.typ, es, &b); err != nil {
		if errors.Is(err, ErrProtocol) {
			return wireMessage{}, err
		}
		b = encodeStatus(toStatus(err))
	}
	if len(b) > limitAfterLogin {
		b = encodeStatus(refuse(Internal, "the answer has %d bytes, more than a message holds", len(b)))
	}
	return wireMessage{typ: f.typ.response(), id: f.id, body: b}, nil
}

func encodeStatus(e *StatusError) builder {
	var b builder
	b.u16(tagStatus, uint16(e.Status))
	if e.Message != "" {
		b.text(tagMessage, printable([]byte(e.Message)))
	}
	if e.RetryAfter > 0 {
		// Rounded up: who waits that long is let in.
		b.u32(tagRetryAfter, uint32((e.RetryAfter+time.Second-1)/time.Second))
	}
	return b
}

// handlers of the requests that a login opens.
var handlers = map[messageType]func(*session, context.Context, *elements, *builder) error{
	typeCluster:     (*session).cluster,
	typeCredentials: (*session).credentials,
	typeGet:         (*session).get,
	typeStage:       (*session).stage,
	typeCommit:      (*session).commit,
	typeAbort:       (*session).abort,
	typeDelete:      (*session).delete,
	typeSetMode:     (*session).setMode,
	typeLogout:      (*session).logout,
}

// dispatch runs a request and appends what its answer carries on status 0.
func (ss *session) dispatch(t messageType, es *elements, b *builder) error {
	if t == typeLogin {
		return ss.login(ss.ctx, es, b)
	}
	handler, ok := handlers[t]
	switch {
	case !ok:
		return refuse(NotSupported, "%v is not known here", t)
	case ss.loggedIn && !ss.allowed():
		ss.loggedIn = false
		err := refuse(LoginFirst, "this user was removed")
		ss.log("revoked", err)
		return err
	case !ss.loggedIn:
		return &StatusError{Status: LoginFirst}
	}
	if name, _ := es.find(tagFileName); t == typeGet && ss.store.size(string(name)) > smallMessage/2 {
		// Before a place in the folder, as a long request does: never the other way.
		if err := ss.takeBulk(); err != nil {
			return err
		}
	}
	if inFolder[t] {
		if err := ss.disk.take(ss.ctx, ss.o.IdleTimeout); err != nil {
			return err
		}
		defer ss.disk.free()
	}
	return handler(ss, ss.ctx, es, b)
}

// inFolder are the requests that read or write the folder.
var inFolder = map[messageType]bool{typeGet: true, typeStage: true, typeCommit: true, typeAbort: true, typeDelete: true}

func (ss *session) allowed() bool {
	r, ok := (*ss.backend.Load()).(Revoker)
	return !ok || r.Allowed(ss.name)
}

// malformed is the error of elements that miss something.
func (es *elements) malformed() error {
	if es.err == nil {
		return nil
	}
	return refuse(Malformed, "%v", es.err)
}

func (ss *session) login(ctx context.Context, es *elements, b *builder) error {
	user := es.text(tagUserName)
	password := es.bytes(tagPassword)
	defer clear(password)
	client := es.optionalText(tagClient)
	if !isText(password) {
		es.fail("%v is not text", tagPassword)
	}
	if err := es.malformed(); err != nil {
		return err
	}
	ss.loggedIn = false
	ss.name, ss.user = user, printable([]byte(user))
	wait, err := ss.lockouts.attempt(ctx, ss.source)
	if err != nil {
		return err
	}
	if wait > 0 {
		err := &StatusError{Status: LockedOut, RetryAfter: wait.Round(time.Second)}
		ss.log("locked-out", err)
		return err
	}
	ok, err := (*ss.backend.Load()).Login(ctx, user, password)
	switch {
	case err != nil:
		ss.lockouts.undecided(ss.source)
		ss.log("login-failed", err)
		return err
	case !ok:
		ss.lockouts.failed(ss.source)
		err := &StatusError{Status: BadLogin}
		ss.log("login-failed", err)
		return err
	}
	ss.lockouts.succeeded(ss.source)
	ss.loggedIn = true
	ss.group.Known(ss.raw)
	ss.log("login", nil, "client", printable([]byte(client)))
	b.text(tagServer, ss.o.Name)
	return nil
}

func (ss *session) cluster(ctx context.Context, _ *elements, b *builder) error {
	c, err := (*ss.backend.Load()).Cluster(ctx)
	if err != nil {
		return err
	}
	c.encode(b)
	return nil
}

func (ss *session) credentials(ctx context.Context, _ *elements, b *builder) error {
	cs, err := (*ss.backend.Load()).Credentials(ctx)
	if err != nil {
		return err
	}
	encodeCredentials(b, cs)
	return nil
}

func (ss *session) setMode(ctx context.Context, es *elements, b *builder) error {
	mixed := es.flag(tagSecurityMode)
	if err := es.malformed(); err != nil {
		return err
	}
	now, err := (*ss.backend.Load()).SetMode(ctx, mixed)
	ss.log("set-mode", err, "mixed", mixed)
	if err != nil {
		return err
	}
	b.flag(tagSecurityMode, now)
	return nil
}

func (ss *session) get(_ context.Context, es *elements, b *builder) error {
	name := es.text(tagFileName)
	if err := es.malformed(); err != nil {
		return err
	}
	f, err := ss.store.Get(name)
	if err != nil {
		return err
	}
	b.text(tagFileName, f.Name)
	b.bytes(tagFileData, f.Data)
	b.bytes(tagFileSHA256, f.SHA256[:])
	b.u64(tagFileTime, uint64(max(f.Time.Unix(), 0)))
	b.text(tagFilePath, f.Path)
	return nil
}

// expect is the value of EXPECT_SHA256; nil for all zero, "no such file".
func (es *elements) expect() *[32]byte {
	sum := es.digest(tagExpectSHA256)
	if sum == [32]byte{} {
		return nil
	}
	return &sum
}

func (ss *session) stage(ctx context.Context, es *elements, b *builder) error {
	name := es.text(tagFileName)
	data := es.bytes(tagFileData)
	sum := es.digest(tagFileSHA256)
	expect := es.expect()
	if es.err == nil && sha256.Sum256(data) != sum {
		es.fail("%v is not the digest of %v", tagFileSHA256, tagFileData)
	}
	if err := es.malformed(); err != nil {
		return err
	}
	id, err := ss.store.Stage(name, data, expect, func(old, new []byte) error {
		return (*ss.backend.Load()).Check(ctx, name, old, new)
	})
	ss.log("stage", err, "name", printable([]byte(name)), "bytes", len(data), "sha256", hex.EncodeToString(sum[:]))
	if err != nil {
		return err
	}
	ss.stages[id] = name
	b.bytes(tagStage, id[:])
	return nil
}

// own is the stage that a request names, where this session made it.
func (ss *session) own(es *elements) (StageID, error) {
	id := StageID(es.fixed(tagStage, len(StageID{})))
	if err := es.malformed(); err != nil {
		return id, err
	}
	if _, ok := ss.stages[id]; !ok {
		return id, refuse(NotFound, "this connection has no such stage")
	}
	return id, nil
}

func (ss *session) commit(_ context.Context, es *elements, b *builder) error {
	id, err := ss.own(es)
	if err != nil {
		return err
	}
	f, err := ss.store.Commit(id)
	ss.log("commit", err, "name", ss.stages[id], "sha256", hex.EncodeToString(f.SHA256[:]))
	if err != nil {
		return err
	}
	delete(ss.stages, id)
	(*ss.backend.Load()).Changed(f.Name)
	b.text(tagFilePath, f.Path)
	b.bytes(tagFileSHA256, f.SHA256[:])
	return nil
}

func (ss *session) abort(_ context.Context, es *elements, _ *builder) error {
	id, err := ss.own(es)
	if err != nil {
		return err
	}
	err = ss.store.Abort(id)
	ss.log("abort", err, "name", ss.stages[id], "reason", "asked")
	delete(ss.stages, id)
	return err
}

func (ss *session) delete(_ context.Context, es *elements, b *builder) error {
	name := es.text(tagFileName)
	expect := es.expect()
	if err := es.malformed(); err != nil {
		return err
	}
	f, err := ss.store.Delete(name, expect)
	ss.log("delete", err, "name", printable([]byte(name)))
	if err != nil {
		return err
	}
	(*ss.backend.Load()).Changed(f.Name)
	b.text(tagFilePath, f.Path)
	return nil
}

func (ss *session) logout(context.Context, *elements, *builder) error {
	ss.log("logout", nil)
	ss.loggedIn = false
	ss.ending = true
	return nil
}
